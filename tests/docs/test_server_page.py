"""Every command and client of docs/server.md is run, against a server of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from PIL import Image

from mien.cli.app import cli, main
from mien.server.access.tokens import TOKENS
from mien.server.access.who import ROLES
from tests.server.support.served import Served, serving
from tests.support import sample
from tests.support.shown_blocks import REPO, blocks, commands, programs, text_of

PAGE = "docs/server.md"
SHOWN = commands(PAGE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures that the clients send."""
    place = tmp_path_factory.mktemp("clients")
    for name, source in zip(("photo.jpg", "other.jpg"), sample.NAMES, strict=False):
        shutil.copy(sample.path_of(source), place / name)
    return place


@pytest.fixture(scope="module")
def one(place: Path) -> Iterator[Served]:
    with serving(place, tokens=True) as server:
        yield server
        assert server.faults == []


def run(one: Served, place: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, timeout=60,
        env={**os.environ, "MIEN_TOKEN": one.tokens["analyse"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_port(one: Served, text: str) -> str:
    return text.replace("http://127.0.0.1:8000", one.url)


def test_the_commands_of_curl(one: Served, place: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    shown = [command for command in SHOWN if command.startswith("curl")]
    assert len(shown) == 3
    for command in shown:
        if "Authorization" not in command:  # the page shows them for a server without tokens
            command += ' -H "Authorization: Bearer $MIEN_TOKEN"'
        output = run(one, place, "bash", "-c", with_port(one, command))
        if "-F" in command:
            assert len(json.loads(output)["results"][1]["result"]["faces"]) >= 1
        elif "models" in command:
            assert json.loads(output)["classifier"]["name"] == "default"
        else:
            assert Image.open(place / "drawn.jpg").format == "JPEG"


def test_the_client_in_python(one: Served, place: Path) -> None:
    (shown,) = programs(PAGE)
    assert re.match(
        r"photo.jpg \w+ \[", run(one, place, sys.executable, "-c", with_port(one, shown))
    )
    wrong = with_port(one, shown).replace("Bearer ", "Bearer x")
    assert "no valid token" in run(one, place, sys.executable, "-c", wrong)


def test_the_client_in_javascript(one: Served, place: Path) -> None:
    node = shutil.which("node")
    if not node:
        pytest.skip("Node.js is not installed")
    (shown,) = ["\n".join(b.lines) for b in blocks(text_of(PAGE)) if b.language == "js"]
    (place / "client.mjs").write_text(with_port(one, shown))
    lines = run(one, place, node, "client.mjs").splitlines()
    assert [line.split()[0] for line in lines] == ["photo.jpg", "other.jpg"]


def test_the_commands_of_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKENS, str(tmp_path / "tokens.json"))
    shown = [command for command in SHOWN if command.startswith("mien serve token")]
    assert len(shown) == 3
    for command in shown:
        with pytest.raises(SystemExit) as done:
            main(shlex.split(command)[1:])
        assert done.value.code == 0


def test_the_options_of_the_server_exist() -> None:
    for command in SHOWN:
        if command.startswith("mien serve") and " token" not in command:
            serve = cli.get_command(click.Context(cli), "serve")
            assert serve is not None
            serve.make_context("serve", shlex.split(command)[2:])


def test_the_roles_are_those_there_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", text_of(PAGE).split("## The interface")[0], re.MULTILINE)
    assert tuple(rows) == ROLES[1:]


def test_the_files_of_services() -> None:
    unit = (REPO / "packaging/mien-serve.service").read_text()
    image = (REPO / "packaging/images.Containerfile").read_text()
    compose = (REPO / "packaging/compose.server.yaml").read_text()
    assert "mien serve" in unit and "StateDirectory=mien" in unit
    targets: Any = re.findall(r"^FROM .* AS (\w+)$", image, re.MULTILINE)
    assert {"core", "server", "whole"} <= set(targets) and "/readyz" in image
    assert "target: server" in compose and "read_only: true" in compose and "postgres" in compose
