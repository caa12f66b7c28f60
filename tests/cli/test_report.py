"""``mien report`` as people type it; what it says is tested in tests/monitor/report."""

from __future__ import annotations

import shutil
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")
pytest.importorskip("jinja2", reason="needs the 'plot' extra")

from mien.log import audit
from mien.log.opening import create_log, open_log
from mien.log.persons import add_person, give_consent
from mien.monitor.trends import NOBODY_RECOGNISED
from tests.support.commands import mien
from tests.support.log_days import add_days, shares

Output = pytest.CaptureFixture[str]


class Page(HTMLParser):
    """Text, tags, and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "log.db"
    smiling = shares(40)
    smiling[30:] = 0.03
    with create_log(path, keep_days={"observations": None}) as log:
        add_person(log, "anna")
        give_consent(log, "anna", "Anna", "a test")
        add_days(log, "anna", smiling)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIEN_LOG", "log.db")
    shutil.copy(made, "log.db")
    return tmp_path


def test_a_page_for_family_without_pictures(path: Path, capsys: Output) -> None:
    assert mien("report", "anna", "--week", "2026-07-08", "--out", "anna.html") == 0
    assert capsys.readouterr().err == "6 to 12 July 2026: written to anna.html\n"
    assert stat.S_IMODE((path / "anna.html").stat().st_mode) == 0o600
    page = Page((path / "anna.html").read_text("utf-8"))
    assert NOBODY_RECOGNISED in page.text
    assert "smiled 3 % of the time, usually 15 %" in page.text
    assert "nothing was recorded on this day" in page.text  # 11 and 12 July
    assert "no medical device" in page.text and "Barrett et al. 2019" in page.text
    assert "mien report anna --week 2026-07-08 --out anna.html" in page.text
    assert page.addresses == [] and not page.tags & {"img", "script", "image", "iframe", "link"}
    assert "svg" in page.tags


def test_days_are_asked_for(path: Path) -> None:
    days = ("--from", "2026-06-20", "--to", "2026-06-21")
    assert mien("report", "anna", *days, "--out", "a.html") == 0
    assert "anna, 20 to 21 June 2026" in (path / "a.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("ana", "--week", "2026-07-01"), 1, "did you mean 'anna'"),
        (("anna", "--week", "monday"), 2, "--week 'monday' is not a day"),
        (("anna", "--week", "2020-07-01"), 2, "no day was recorded in the time asked for"),
        (("anna", "--week", "2026-07-01", "--from", "2026-07-01"), 2, "--week stands alone"),
        (("anna", "--week", "2099-07-01"), 2, "lies ahead: give days up to"),
        (("anna", "--rules", "no.toml"), 2, "cannot read the rules no.toml"),
    ],
)
def test_errors_take_one_line_and_write_nothing(
    arguments: tuple[str, ...], status: int, says: str, path: Path, capsys: Output
) -> None:
    assert mien("report", *arguments, "--out", "anna.html") == status
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
    assert not (path / "anna.html").exists()
    with open_log("log.db") as log, log.read() as connection:  # what was not written is no copy
        assert "export" not in [entry.action for entry in audit.entries(connection)]
