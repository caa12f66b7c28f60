"""The commands and programs that README.md and docs/*.md show, in the order of each page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (REPO / "docs").glob("*.md")))
SHELL = ("sh", "bash", "console")
PROGRAMS = ("find", "git", "make", "mien", "pip", "python", "rm", "torchrun")
"""First words of a block without a language, or of an indented one, that make it commands."""
COMMENT = re.compile(r"(?:^|\s+)#\s.*$")


@dataclass(frozen=True)
class Block:
    """``language`` is empty for a fence without one, and for an indented block."""

    language: str
    lines: tuple[str, ...]

    @property
    def is_shell(self) -> bool:
        first = self.lines[0].removeprefix("$ ").split() if self.lines else []
        return self.language in SHELL or (
            not self.language and bool(first) and first[0] in PROGRAMS
        )


def text_of(page: str) -> str:
    return (REPO / page).read_text("utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Every fenced and every indented block of a page."""
    language: str | None = None
    held: list[str] = []
    for line in [*text.splitlines(), ""]:
        if language is None and line.startswith("    "):
            held.append(line[4:])
            continue
        if language is None and held:
            yield Block("", tuple(held))
            held = []
        fence = re.match(r"```(\w*)", line)
        if fence and language is None:
            language = fence[1]
        elif fence and language is not None:
            yield Block(language, tuple(held))
            language, held = None, []
        elif language is not None:
            held.append(line)


def commands(page: str) -> list[str]:
    """Every shown command on one line, without prompt, comment and continuation."""
    found = []
    for block in blocks(text_of(page)):
        if block.is_shell:
            lines = (COMMENT.sub("", line.removeprefix("$ ")) for line in block.lines)
            joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
            found += [line.strip() for line in joined.splitlines() if line.strip()]
    return found


def programs(page: str) -> list[str]:
    """Every shown Python program."""
    return ["\n".join(b.lines) for b in blocks(text_of(page)) if b.language == "python"]


def names(texts: list[str]) -> set[str]:
    """What can be the name of a file in commands or programs, or the folder that it is in."""
    words = {word.rstrip("/") for text in texts for word in re.split(r"[\s=\"'(),]+", text)}
    return words | {word.split("/")[0] for word in words}


def outputs(texts: list[str]) -> set[str]:
    """What the commands write themselves."""
    pattern = r"--(?:out|crops|draw|figures?|save|html)\s+(\S+)"
    return {name.rstrip("/") for text in texts for name in re.findall(pattern, text)}
