"""Shells ask for completions as the documents show."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = [sys.executable, "-m", "mien"]


def ask(**environment: str) -> str:
    done = subprocess.run(
        PROGRAM, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_gets_its_script(shell: str) -> None:
    script = ask(_MIEN_COMPLETE=f"{shell}_source")
    assert f"_MIEN_COMPLETE={shell}_complete" in script and "_mien_completion" in script


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("mien ana", "analyze"),
        ("mien compare --fig", "--figures"),
        ("mien analyze --device op", "openvino"),
    ],
)
def test_words_are_completed(words: str, offered: str) -> None:
    last = str(len(words.split()) - 1)
    answer = ask(_MIEN_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=last)
    assert offered in [line.partition(",")[2] for line in answer.splitlines()]
