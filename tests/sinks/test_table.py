from __future__ import annotations

import io

import pytest

from mien.sinks import TableSink
from mien.types import Result
from tests.support.results import make_reading, make_result


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def table(*results: Result, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    with TableSink(stream) as sink:
        for result in results:
            sink.write(result)
    return stream.getvalue()


def test_every_face_has_a_line_with_its_facts(results: list[Result]) -> None:
    lines = table(*results).splitlines()
    rows = lines[2:]  # a header and its rule
    assert len(rows) == 4
    for line, reading in zip(rows[:2], results[0], strict=True):
        facts = [reading.expression, f"{reading.emotions.top_prob:.0%}", "photo.jpg"]
        facts += [f"{value:.0f}" for value in reading.face.box.to_list()]
        assert all(fact in line for fact in facts)
    assert "empty.png" in rows[2]
    assert "no face" in rows[2]
    assert r"grüße/ż \udcfc.jpg" in rows[3]


def test_a_pipe_gets_plain_whole_lines() -> None:
    name = "folder/" * 60 + "photo.jpg"
    text = table(make_result(make_reading(), source=name), make_result(source="b.jpg"))
    assert "\x1b" not in text
    row = next(line for line in text.splitlines() if "happiness" in line)
    assert name in row
    assert "80%" in row
    assert "10, 20, 40, 60" in row


def test_a_narrow_terminal_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    name = "abcdefghij" * 12
    text = table(make_result(make_reading(), source=name), stream=Terminal())
    assert "\x1b[" in text
    assert "…" not in text
    assert "happiness" in text
    letters = "".join(c for c in text.split("Score")[1] if c in "abcdefghij")
    assert len([c for c in letters if c == "j"]) >= 12


def test_the_bar_grows_with_the_probability() -> None:
    lengths = []
    for prob in (0.4, 0.6, 0.8, 0.99):
        text = table(make_result(make_reading(prob=prob)))
        lengths.append(text.count("█"))
    assert lengths == sorted(lengths)
    assert lengths[-1] > 2 * lengths[0] - 1


def test_markup_and_control_characters_in_names_are_harmless() -> None:
    text = table(make_result(make_reading(), source="[red]a[/b]\x1b[31m\n.jpg"))
    assert r"[red]a[/b]\x1b[31m\n.jpg" in text


def test_no_result_gives_no_table() -> None:
    assert table() == ""
