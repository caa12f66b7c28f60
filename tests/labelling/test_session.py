from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mien.errors import ConfigError, InputError, OutputError
from mien.labelling.answers import AnswerFile
from mien.labelling.opening import open_session
from mien.labelling.session import LONGEST, Session, StaleError
from tests.support.labelling import write_faces


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_faces(tmp_path / "happy", 5).parent


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    with open_session(folder, "anna", model="default", order_of="anna") as opened:
        yield opened.session


def saved(session: Session, number: int) -> tuple[str, str, str]:
    answer = session._answers.answers[session.order[number]]
    return answer.kind, answer.label, answer.suggestion_shown


def test_nothing_that_could_bias_is_in_the_first_view(session: Session) -> None:
    view = session.view(session.first_open())
    assert (view.suggestion, view.old_label, view.name) == (None, None, None)
    assert (view.number, view.total, view.done, view.kind, view.next_open) == (0, 5, 0, "", 1)
    assert view.remaining_s is None and not view.can_undo


def test_answers_lead_to_the_next_open_picture(session: Session) -> None:
    assert session.answer(0, 0, "labelled", "fear", 2.0).next_open == 1
    assert session.answer(2, 0, "cannot tell", seconds=4.0).next_open == 3
    assert session.answer(4, 0, "not a face", seconds=6.0).next_open == 1  # round the end
    view = session.view(1)
    assert (view.done, view.remaining_s) == (3, 2 * 4.0)  # the median of the answers so far
    assert session.first_open() == 1
    session.answer(1, 0, "labelled", "fear")
    assert session.answer(3, 0, "labelled", "fear").next_open is None
    assert session.first_open() == 4


def test_a_changed_answer_and_undo(session: Session) -> None:
    session.answer(0, 0, "labelled", "fear")
    session.answer(1, 0, "labelled", "anger")
    session.answer(0, 1, "labelled", "surprise")
    assert session.view(0).done == 2
    view = session.undo()
    assert (view.number, view.label, view.revision, view.done) == (0, "fear", 3, 2)
    assert session.undo().number == 1
    view = session.undo()
    assert (view.number, view.kind, view.done, view.can_undo) == (0, "", 0, False)
    with pytest.raises(InputError, match="no answer to undo"):
        session.undo()


def test_an_answer_to_an_old_view_is_refused(session: Session) -> None:
    """Two tabs of one rater."""
    session.answer(0, 0, "labelled", "fear")
    with pytest.raises(StaleError, match="picture 1 was answered in another window"):
        session.answer(0, 0, "labelled", "anger")
    assert saved(session, 0) == ("labelled", "fear", "no")
    session.undo()
    with pytest.raises(StaleError):
        session.answer(0, 1, "labelled", "anger")
    session.answer(0, 2, "labelled", "anger")


def test_a_suggestion_is_recorded_as_before_or_after(session: Session) -> None:
    ranked = session.reveal(0, "suggestion").suggestion
    assert ranked is not None and sum(p for _, p in ranked) <= 1.0001 and len(ranked) == 3
    session.answer(0, 0, "labelled", "fear")
    session.answer(1, 0, "labelled", "fear")
    session.reveal(1, "suggestion")
    session.answer(2, 0, "labelled", "fear")
    assert [saved(session, n)[2] for n in range(3)] == ["before", "after", "no"]
    session.answer(1, 1, "labelled", "anger")  # it is known by now
    assert saved(session, 1)[2] == "before"
    session.undo()
    assert saved(session, 1) == ("labelled", "fear", "after")


def test_the_old_label_and_the_name_are_shown_when_asked_for(session: Session) -> None:
    view = session.reveal(0, "old_label")
    assert (view.old_label, view.name) == ("happiness", session.order[0])
    assert view.suggestion is None and not view.kind
    session.answer(0, 0, "labelled", "happiness")
    assert session._answers.answers[session.order[0]].old_label_shown == "before"


def test_old_labels_are_shown_from_the_start_if_wanted(folder: Path) -> None:
    with open_session(folder, "anna", show_old=True) as opened:
        session = opened.session
        assert session.view(0).old_label == "happiness" and session.view(0).name
        session.answer(0, 0, "labelled", "fear")
        answer = session._answers.answers[session.order[0]]
        assert (answer.old_label_shown, answer.old_label) == ("before", "happiness")
        session.answer(1, 0, "labelled", "fear")
        view = session.undo()
        assert (view.kind, view.old_label, view.done) == ("", "happiness", 1)
    with open_session(folder, "anna") as opened:
        assert opened.session.view(0).old_label == "happiness"  # it was seen
        assert opened.session.view(2).old_label is None


def test_impossible_answers(session: Session) -> None:
    for number in (-1, 5, 10**12):
        with pytest.raises(InputError, match="they are 0 to 4"):
            session.answer(number, 0, "labelled", "fear")
    for kind, label in (("labelled", ""), ("labelled", "pain"), ("", ""), ("cannot tell", "fear")):
        with pytest.raises(InputError, match="not one of the labels"):
            session.answer(0, 0, kind, label)  # type: ignore[arg-type]
    assert session.done == 0


def test_seconds_are_bounded(session: Session) -> None:
    session.answer(0, 0, "labelled", "fear", 1e9)
    session.answer(1, 0, "labelled", "fear", -1)
    seconds = [session._answers.answers[session.order[n]].seconds for n in (0, 1)]
    assert seconds == [LONGEST, 0]


def test_it_goes_on_where_the_rater_stopped(folder: Path) -> None:
    with open_session(folder, "anna", model="default", order_of="anna") as opened:
        first = opened.session
        first.reveal(0, "suggestion")
        first.answer(0, 0, "labelled", "fear", 3)
        first.reveal(1, "suggestion")  # and stops without an answer
    with open_session(folder, "anna", model="default", order_of="anna") as opened:
        session = opened.session
        assert session.order == first.order
        assert (session.first_open(), session.done) == (1, 1)
        assert session.view(1).suggestion is not None
        session.answer(1, 0, "labelled", "fear")
        assert saved(session, 1)[2] == "before"
        assert [session.undo().number for _ in range(2)] == [1, 0]


def test_the_folder_changes_meanwhile(folder: Path) -> None:
    with open_session(folder, "anna") as opened:
        opened.session.answer(0, 0, "labelled", "fear")
        opened.session.answer(1, 0, "labelled", "anger")
        gone = folder / opened.session.order[0]
    gone.unlink()
    write_faces(folder / "more", 2)
    with open_session(folder, "anna") as opened:
        session = opened.session
        assert (len(session.order), session.done, session.gone) == (6, 1, 1)
        assert any("1 answers are about faces that are gone" in note for note in opened.notes)
    with open_session(folder, "anna") as opened:
        assert opened.session.gone == 1  # still in the file
        (folder / opened.session.order[2]).unlink()
        assert opened.session.view(2).number == 2
        opened.session.answer(2, 0, "not a face")


def test_other_labels_than_before_are_refused(folder: Path) -> None:
    with open_session(folder, "anna", labels="bored,pain") as opened:
        opened.session.answer(0, 0, "labelled", "pain")
    with pytest.raises(ConfigError, match=r"has the answer 'pain', .* the same --labels as before"):
        open_session(folder, "anna").__enter__()
    with open_session(folder, "anna", labels="pain,bored,drowsy") as opened:
        assert opened.session.done == 1


def test_a_full_disk_changes_nothing(
    session: Session, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(10):
        with pytest.raises(OutputError):
            session.answer(0, 0, "labelled", "fear")
        assert session.view(0).kind == "" and session.done == 0
    session.answer(0, 0, "labelled", "fear")
    with full_disk(10), pytest.raises(OutputError):
        session.undo()
    assert session.view(0).label == "fear" and session.undo().number == 0


def test_without_a_model(folder: Path, tmp_path: Path) -> None:
    with open_session(folder, "anna", model="default") as opened:
        opened.session.reveal(0, "suggestion")
    with open_session(folder, "anna", model="none") as opened:
        assert opened.session.facts()["has_model"] is False
        assert opened.session.view(0).suggestion is None
        with pytest.raises(InputError, match="no model"):
            opened.session.reveal(1, "suggestion")
    with AnswerFile(folder / "labels.anna.csv", "anna") as answers:
        assert next(iter(answers.answers.values())).suggestion_shown == "before"
