"""The work of one rater: which picture comes next, what is shown, answers and undo. No HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from statistics import median
from threading import RLock
from typing import Any, Literal

from mien.errors import ConfigError, InputError, MienError
from mien.labelling.answers import Answer, AnswerFile, Kind, Shown
from mien.labelling.label_keys import KEYS
from mien.labelling.pictures import Known, Pictures
from mien.labelling.suggestions import Suggestion, Suggestions

LONGEST = 600.0
"""Seconds that count for one picture: who takes longer was away."""
_RECENT = 50  # answers whose time tells how long the rest will take

Hidden = Literal["suggestion", "old_label"]


class StaleError(MienError):
    """An answer to a state of a picture that is no longer the newest: another tab was quicker."""


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows of one picture; plain values."""

    number: int
    """Its place in the rater's order, from 0."""
    total: int
    done: int
    """Pictures answered."""
    kind: Kind
    label: str
    revision: int
    """An answer must name it."""
    next_open: int | None
    """The next picture without an answer, round the end; ``None`` if there is no other."""
    can_undo: bool
    remaining_s: float | None
    """Seconds that the open pictures will take; ``None`` before the first few answers."""
    suggestion: tuple[tuple[str, float], ...] | None
    """Labels with probabilities; ``None`` until asked for."""
    old_label: str | None
    """Empty: it had no label; ``None`` until asked for."""
    name: str | None
    """The path, which may hold a label; ``None`` until asked for."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


class Session:
    """Pictures in a rater's own order, and the answers; threads may share it.

    Every change is on the disk when a method returns.
    """

    def __init__(
        self,
        pictures: Pictures,
        order: Sequence[str],
        labels: Sequence[str],
        answers: AnswerFile,
        suggestions: Suggestions | None = None,
        *,
        show_old: bool = False,
    ) -> None:
        """``show_old`` shows the old label and the name of every picture from the start.

        Raises ``ConfigError`` if the file has answers that are not among ``labels``.
        """
        self.pictures, self.order, self.labels = pictures, tuple(order), tuple(labels)
        self._answers, self._suggestions = answers, suggestions
        self._show_old = show_old
        self._lock = RLock()
        self._suggested: dict[int, Suggestion] = {}
        numbers = {name: number for number, name in enumerate(self.order)}
        self._undo: list[tuple[int, Answer]] = []
        """Pictures in the order of their answers, each with what it had before."""
        foreign: list[str] = []
        self.gone = 0
        """Answers to pictures that are no longer there; they stay in the file."""
        for name, answer in answers.answers.items():
            if answer.label and answer.label not in self.labels:
                foreign.append(answer.label)
            if name not in numbers:
                self.gone += 1
            elif answer.kind:
                self._undo.append((numbers[name], replace(answer, kind="", label="")))
        if foreign:
            raise ConfigError(
                f"{answers.path} has the answer {foreign[0]!r}, which is not among the labels "
                f"{', '.join(self.labels)}: give the same --labels as before, or another --rater"
            )
        self._done = len(self._undo)
        self._seconds = [a.seconds for a in answers.answers.values() if a.kind][-_RECENT:]

    @property
    def done(self) -> int:
        """Pictures answered."""
        return self._done

    def facts(self) -> dict[str, Any]:
        """What a page needs once: rater, labels with their keys, and whether there is a model."""
        return {
            "rater": self._answers.rater,
            "labels": [
                {"label": label, "key": key} for label, key in zip(self.labels, KEYS, strict=False)
            ],
            "has_model": self._suggestions is not None,
            "start": self.view(self.first_open()).to_dict(),
        }

    def first_open(self) -> int:
        """The first picture without an answer; the last one if all are answered."""
        found = self._next_open(-1)
        return len(self.order) - 1 if found is None else found

    def view(self, number: int) -> View:
        """What is known, and may be shown, of one picture. Raises ``InputError``."""
        with self._lock:
            answer = self._state(number)
            name, suggestion = self.order[number], None
            if answer.suggestion_shown != "no" and self._suggestions:
                with suppress(MienError):  # the picture may be gone by now
                    suggestion = self._suggestion(number)
            known = None
            if answer.old_label_shown != "no":
                known = self.pictures.known.get(name, Known())
            open_count = len(self.order) - self._done
            return View(
                number=number,
                total=len(self.order),
                done=self._done,
                kind=answer.kind,
                label=answer.label,
                revision=answer.revision,
                next_open=self._next_open(number),
                can_undo=bool(self._undo),
                remaining_s=open_count * median(self._seconds) if len(self._seconds) > 2 else None,
                suggestion=suggestion.ranked if suggestion else None,
                old_label=known.label if known else None,
                name=name if known else None,
            )

    def picture(self, number: int) -> tuple[bytes, str]:
        """An encoded picture and its media type. Raises ``InputError`` and ``DatasetError``."""
        self._state(number)
        return self.pictures.encoded(self.order[number])

    def answer(
        self, number: int, revision: int, kind: Kind, label: str = "", seconds: float = 0.0
    ) -> View:
        """Save the answer to a picture and return its new view.

        ``revision`` is that of the view that the rater saw. Raises ``StaleError`` for an older one,
        ``InputError`` for an impossible answer, and ``OutputError`` where it cannot be saved.
        """
        if kind == "" or (kind == "labelled") != (label in self.labels):
            raise InputError(f"{label!r} is not one of the labels: {', '.join(self.labels)}")
        with self._lock:
            before = self._state(number)
            self._check(number, revision, before)
            after = replace(
                before,
                kind=kind,
                label=label,
                time_utc=datetime.now(UTC).isoformat(timespec="seconds"),
                seconds=min(max(seconds, 0.0), LONGEST),
                revision=before.revision + 1,
                suggestion_shown=_before(before.suggestion_shown),
                old_label_shown=_before(before.old_label_shown),
            )
            self._save(number, after)
            self._undo.append((number, before))
            self._seconds = [*self._seconds, after.seconds][-_RECENT:]
            return self.view(number)

    def undo(self) -> View:
        """Take the last answer back and return the view of its picture.

        What the picture had before the answer is saved again. Raises ``InputError`` where there is
        nothing to undo.
        """
        with self._lock:
            if not self._undo:
                raise InputError("there is no answer to undo")
            number, before = self._undo[-1]
            now = self._state(number)
            kept = replace(
                before,
                revision=now.revision + 1,
                suggestion_shown=_restored(
                    before.kind, before.suggestion_shown, now.suggestion_shown
                ),
                suggestion=now.suggestion,
                old_label_shown=_restored(before.kind, before.old_label_shown, now.old_label_shown),
                old_label=now.old_label,
            )
            self._save(number, kept)
            self._undo.pop()
            return self.view(number)

    def reveal(self, number: int, what: Hidden) -> View:
        """Show the model's suggestion, or the old label and the name, and record that.

        Raises ``InputError`` where there is no model, ``DatasetError`` for a damaged picture.
        """
        with self._lock:
            answer = self._state(number)
            shown: Shown = "after" if answer.kind else "before"
            if what == "suggestion" and answer.suggestion_shown == "no":
                label = self._suggestion(number).label
                answer = replace(answer, suggestion_shown=shown, suggestion=label)
                self._answers.append(self.order[number], answer)
            elif what == "old_label" and answer.old_label_shown == "no":
                answer = self._with_old_label(number, answer, shown)
                self._answers.append(self.order[number], answer)
            return self.view(number)

    def _state(self, number: int) -> Answer:
        if not 0 <= number < len(self.order):
            raise InputError(f"there is no picture {number}: they are 0 to {len(self.order) - 1}")
        answer = self._answers.answers.get(self.order[number], Answer())
        if self._show_old and answer.old_label_shown == "no":
            return self._with_old_label(number, answer, "before")
        return answer

    def _with_old_label(self, number: int, answer: Answer, shown: Shown) -> Answer:
        label = self.pictures.known.get(self.order[number], Known()).label
        return replace(answer, old_label_shown=shown, old_label=label)

    def _check(self, number: int, revision: int, now: Answer) -> None:
        if revision != now.revision:
            raise StaleError(
                f"picture {number + 1} was answered in another window meanwhile: look at it again"
            )

    def _save(self, number: int, answer: Answer) -> None:
        was = bool(self._state(number).kind)
        self._answers.append(self.order[number], answer)
        self._done += bool(answer.kind) - was

    def _suggestion(self, number: int) -> Suggestion:
        if self._suggestions is None:
            raise InputError("there is no model to ask: start with --model")
        if number not in self._suggested:
            self._suggested[number] = self._suggestions.of(self.pictures, self.order[number])
        return self._suggested[number]

    def _next_open(self, number: int) -> int | None:
        """The next picture after ``number`` without an answer, round the end."""
        states = self._answers.answers
        for places in (range(number + 1, len(self.order)), range(number)):
            for place in places:
                state = states.get(self.order[place])
                if state is None or not state.kind:
                    return place
        return None


def _restored(kind: Kind, was: Shown, now: Shown) -> Shown:
    """When something was shown, for an answer of ``kind`` that counts again: ``was`` at its time.

    What was shown since then was seen.
    """
    if now == "no":
        return "no"
    return "after" if kind and was != "before" else "before"


def _before(shown: str) -> Literal["no", "before"]:
    """Whatever was shown up to now was shown before an answer given now."""
    return "no" if shown == "no" else "before"
