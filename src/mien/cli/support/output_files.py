"""Files that a measuring command writes: checked before the work, written after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click


@dataclass(frozen=True, slots=True)
class Targets:
    """What was asked for; ``None``: not."""

    figure: str | None = None
    """One figure, of any format that figures have."""
    figures: str | None = None
    """A folder for every figure, as PNG."""
    html: str | None = None
    """A report."""
    save: str | None = None
    """The answers."""

    @property
    def shows(self) -> bool:
        """Whether figures are drawn for a folder or a report."""
        return self.figures is not None or self.html is not None

    def check(self) -> None:
        """Raise now what would stand in the way of a file after the work; make the folder."""
        from mien.files import check_writable, output_error

        if self.figure is not None:
            from mien.reports.figures.save import check_figure_path

            check_figure_path(self.figure)
        if self.figures is not None:
            from mien.extras import require_extra

            require_extra("plot", "a figure")
            try:
                Path(self.figures).mkdir(parents=True, exist_ok=True)
            except (OSError, ValueError) as error:
                raise output_error(repr(self.figures), error) from error
            check_writable(Path(self.figures) / "figure.png")
        if self.html is not None:
            from mien.reports.page import check_report_path

            check_report_path(self.html)
        if self.save is not None:
            check_writable(Path(self.save))

    def write_pictures(self, pictures: Mapping[str, bytes]) -> None:
        """Write PNG files by name into the folder, where one was asked for; ``OutputError``."""
        from mien.files import write_whole

        if self.figures is not None:
            for name, picture in pictures.items():
                write_whole(Path(self.figures) / f"{name}.png", picture)


class Answers(Protocol):
    """A classifier's predictions, or a detector's."""

    def save(self, path: str | Path) -> None:
        """Write one file, whole or not at all."""
        ...


def keep(answers: Answers, path: Path) -> None:
    """Save the answers of a run in a folder of its own, where 'mien compare' looks for them.

    A folder that cannot be written to is told and hinders nothing.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        answers.save(path)
    except OSError as error:
        run, reason = path.parent.parent, error.strerror or error
        click.echo(f"mien: the answers are not kept in {run}: {reason}", err=True)
