"""docs/walkthrough.md, command by command, with what each of them must say and leave."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")
pytest.importorskip("jinja2", reason="needs the 'plot' extra")

from tests.support import clips
from tests.support.commands import mien
from tests.support.shown_blocks import REPO, commands

Output = pytest.CaptureFixture[str]
SMILED = r"smiled \S+ % of the time, usually 1\d %"
SAYS = {
    "mien log create": r"an empty log",
    "mien log person add": r"anna is enrolled",
    "mien log person consent": r"consent noted",
    "mien log record": r"1 windows? stored.* usable \(100%\)",
    "python tools/demo_log.py": r"6,\d{3} windows of 42 days, the last 14 of them changed",
    "mien trends": rf"◆ {SMILED}(?s:.*)◆ smiling changed: since \d(?s:.*)recognises nobody",
    "mien alerts backtest": r"would have warned once in 42 days",
    "mien alerts check": rf"open: anna, smiling changed: {SMILED}",
    "mien alerts list": rf"anna +smiling changed +open .*{SMILED}",
    "mien alerts ack": r"alert \d+, anna, smiling changed: acknowledged",
    "mien alerts feedback": r"alert \d+, anna, smiling changed: acknowledged, useful",
    "mien report": r"\d{4}: written to anna\.html",
    "mien log verify": r"all fits",
    "mien log erase": r"the pseudonym is erased(?s:.*)exported on",
}
"""First words of a command → what its output must match."""


def test_every_step_does_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(tmp_path)
    clips.write_face(Path("talk.mp4"), frames=12)
    shown = [one for one in commands("docs/walkthrough.md") if not one.startswith("pip ")]
    missing = set(SAYS)
    for command in shown:
        if command.startswith("mien log erase"):
            see_what_the_report_says(tmp_path / "anna.html")
            assert b"anna" in Path("demo.db").read_bytes()
        command = command.replace("$(date +%F)", date.today().isoformat())  # local, as the page's
        words = next(words for words in SAYS if command.startswith(words))
        told = run(command, capsys)
        assert re.search(SAYS[words], told), f"$ {command}\n{told}"
        missing.discard(words)
    assert not missing
    for path in tmp_path.glob("demo.db*"):
        assert b"anna" not in path.read_bytes()


def run(command: str, capsys: Output) -> str:
    """What a command prints, on both streams."""
    name, *arguments = shlex.split(command)
    if name == "mien":
        assert mien(*arguments) == 0, command
        return "".join(capsys.readouterr())
    script = str(REPO / arguments[0])
    done = subprocess.run(
        [sys.executable, script, *arguments[1:]], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def see_what_the_report_says(path: Path) -> None:
    text = path.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(SMILED, text) and "◆ smiling changed: since" in text
    assert "recognises nobody by the face" in text
    monday = date.today() - timedelta(7 + date.today().weekday())
    assert f"{monday:%a} {monday.day} {monday:%b}" in text
