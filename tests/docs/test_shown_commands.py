"""Every command and program in README.md and docs/*.md is run as it is shown, in reduced size.

``tables.py`` says what is reduced and what cannot be run here; ``tests/support/shown_files.py``
makes the files. A command is split by bash, with unmatched patterns as an error as in zsh.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mien.cli.app import main
from mien.media.images import read_image
from tests.docs.tables import (
    CHANGED,
    FIRST,
    NOT_RUN,
    PROGRAM_CHANGES,
    PROGRAM_NAMES,
    REDUCED,
    SLOW,
    SLOW_PAGES,
    SLOW_PROGRAMS,
)
from tests.support import sample, shown_files
from tests.support.shown_blocks import PAGES, REPO, commands, names, outputs, programs
from tests.support.web import content, serving

ELSEWHERE = {"docs/walkthrough.md", "docs/server.md"}
"""test_walkthrough.py and test_server_page.py run them, and read what they print."""
COMMANDS = {page: found for page in PAGES if page not in ELSEWHERE and (found := commands(page))}
PROGRAMS = {
    page: found
    for page in PAGES
    if page not in ("docs/architecture.md", "docs/server.md") and (found := programs(page))
}
ALL = [command for found in COMMANDS.values() for command in found]
RECORD = """
mien() { printf '%s\\0' "$@" > "$MIEN_ARGS"; cat > "$MIEN_INPUT"; }
python() { "$MIEN_PYTHON" "$@"; }
"""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """A server with the portraits."""
    pages = {f"/{name}": content(sample.path_of(name).read_bytes()) for name in sample.NAMES}
    with serving(pages) as web:
        yield web.url


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are made once for all pages."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def folder(
    tmp_path: Path, made: Path, host: str, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:  # fmt: skip
    """An empty working folder with the files that the shown texts of the test's page name."""
    for module in ("torch", "timm", "optuna", "matplotlib", "jinja2", "pyarrow", "pandas"):
        pytest.importorskip(module, reason="the documents use every extra")
    texts: list[str] = request.param
    named = names([text for text in texts if text not in NOT_RUN]) - outputs(texts)
    place = tmp_path / "work"
    place.mkdir()
    for name, make in shown_files.FILES.items():
        if name in named:
            if not (made / name).exists():
                make(made / name)
            copy = shutil.copytree if (made / name).is_dir() else os.symlink
            copy(made / name, place / name)
    if "export.json" in named:
        text = (place / "export.json").read_text("utf-8")
        (place / "export.json").unlink()
        (place / "export.json").write_text(text.replace("{host}", host), "utf-8")
    (place / "benchmarks").symlink_to(REPO / "benchmarks")
    (place / "tools").symlink_to(REPO / "tools")
    logging.disable(logging.INFO)  # PyTorch's exporter writes 100,000 lines for pytest to keep
    request.addfinalizer(lambda: logging.disable(logging.NOTSET))
    # The server of this machine stands for one on the internet.
    monkeypatch.setattr("mien.web.connecting.is_public", lambda address: True)
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return place


def first_that_fits(command: str, table: Any) -> Any:
    """The longest key of ``table`` that the command starts with."""
    fitting = [key for key in table if command.startswith(key)]
    return max(fitting, key=len, default=None)


def reduced(command: str) -> str:
    for shown, here in CHANGED.items():
        command = command.replace(shown, here)
    key = first_that_fits(command, REDUCED)
    return f"{command} {REDUCED[key]}".strip() if key else command


def split(command: str, place: Path) -> list[str] | None:
    """The arguments of ``mien`` in a command, which bash splits and whose other programs it runs.

    ``None`` if ``mien`` is not in it. Standard input of ``mien`` is then in ``input``.
    """
    args = place.parent / "args"
    args.unlink(missing_ok=True)
    paths = {"MIEN_ARGS": args, "MIEN_INPUT": place.parent / "input", "MIEN_PYTHON": sys.executable}
    path = os.pathsep.join(filter(None, (str(REPO / "src"), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        ["bash", "-O", "failglob", "-o", "pipefail", "-c", RECORD + command],
        cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
        env={**os.environ, **{k: str(v) for k, v in paths.items()}, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, f"$ {command}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return args.read_text("utf-8").split("\0")[:-1] if args.exists() else None


def run(command: str, place: Path) -> None:
    print(f"{time.process_time():.0f} $ {command}")
    args = split(command, place)
    if args is None:
        return
    out, error = io.StringIO(), io.StringIO()
    with (
        (place.parent / "input").open() as stdin,
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
        pytest.raises(SystemExit) as done,
    ):
        patch.setattr(sys, "stdin", stdin)
        main(args)
    allowed = (0, 1) if args == ["doctor"] else (0,)  # 1: an optional part is missing here
    assert done.value.code in allowed, f"$ {command}\n{out.getvalue()}{error.getvalue()}"
    assert out.getvalue() or error.getvalue() or "--output" in args, f"prints nothing: {command}"


def run_page(page: str, place: Path, with_slow: bool) -> None:
    prepared: set[tuple[str, str]] = set()
    for command in COMMANDS[page]:
        if command in NOT_RUN:
            continue
        slow = first_that_fits(command, SLOW)
        if slow and not with_slow:
            if name := SLOW[slow]:
                shown_files.FILES[name](place / name)
            continue
        for key, before in FIRST.items():
            if key[0] == page and command.startswith(key[1]) and key not in prepared:
                prepared.add(key)
                for line in before:
                    run(reduced(line), place)
        run(reduced(command), place)


@pytest.mark.parametrize(
    ("page", "folder"),
    [
        pytest.param(page, found, id=page, marks=[pytest.mark.slow] * (page in SLOW_PAGES))
        for page, found in COMMANDS.items()
    ],
    indirect=["folder"],
)
def test_commands_run_as_shown(page: str, folder: Path) -> None:
    run_page(page, folder, with_slow=False)


WITH_SLOW = {
    p: found for p, found in COMMANDS.items() if any(first_that_fits(c, SLOW) for c in found)
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "folder"), WITH_SLOW.items(), indirect=["folder"], ids=list(WITH_SLOW)
)
def test_slow_commands_run_as_shown(page: str, folder: Path) -> None:
    run_page(page, folder, with_slow=True)


@pytest.mark.parametrize(
    ("page", "folder"),
    [
        pytest.param(page, found, id=page, marks=[pytest.mark.slow] * (page in SLOW_PROGRAMS))
        for page, found in PROGRAMS.items()
    ],
    indirect=["folder"],
)
def test_programs_run_as_shown(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of a page run in one session, in their order."""
    script = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", script)  # where processes look for functions
    namespace = vars(script)
    for name, value in PROGRAM_NAMES.get(page, {}).items():
        if isinstance(value, str):
            shown_files.photo(folder / value)
            namespace[name] = read_image(value)
        else:
            namespace[name] = value
    for program in PROGRAMS[page]:
        for shown, here in PROGRAM_CHANGES.items():
            program = program.replace(shown, here)
        exec(compile(program, page, "exec"), namespace)


def test_what_is_not_run_is_still_shown() -> None:
    """So is all else that the tables name."""
    assert set(NOT_RUN) <= set(ALL)
    runs = [command for command in ALL if command not in NOT_RUN]
    every = [*runs, *(line for lines in FIRST.values() for line in lines)]
    chosen = {first_that_fits(command, REDUCED) for command in every}
    assert chosen - {None} == set(REDUCED)
    assert all(any(part in command for command in runs) for part in CHANGED)
    assert all(any(c.startswith(start) for c in COMMANDS[page]) for page, start in FIRST)
    assert all(any(command.startswith(start) for command in runs) for start in SLOW)
    shown = "\n".join(program for found in PROGRAMS.values() for program in found)
    assert all(part in shown for part in PROGRAM_CHANGES)
    assert set(PROGRAM_NAMES) | set(SLOW_PROGRAMS) <= set(PROGRAMS)
    assert set(SLOW_PAGES) <= set(COMMANDS)
    texts = [*ALL, *(program for found in PROGRAMS.values() for program in found)]
    assert set(shown_files.FILES) <= names(texts)


@pytest.mark.parametrize("command", [c for c in NOT_RUN if not c.startswith("make")])
def test_no_shell_expands_what_is_not_run(command: str, tmp_path: Path) -> None:
    """Those that run are split by such a shell anyway."""
    place = tmp_path / "work"
    place.mkdir()
    for part in command.split(" && "):
        split(f"mien {part}", place)
