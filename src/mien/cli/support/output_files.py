"""Files that a measuring command writes: checked before the work, written after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Requested output files; ``None`` if not requested."""

    figure: str | None = None
    """One figure, in any format that figures have."""
    figures: str | None = None
    """A folder for every figure, as PNG."""
    html: str | None = None
    """A report."""
    save: str | None = None
    """The model's answers."""
    explain: Sequence[str] = ()
    """Classifiers: keys of pictures, and numbers of examples, whose answers are explained."""
    explain_with: str = "occlusion"
    """Or ``gradcam``."""

    @property
    def draws_all(self) -> bool:
        """Whether every figure is drawn, for the folder or the report."""
        return self.figures is not None or self.html is not None

    def check(self) -> None:
        """Make the folder for figures, and raise now what would stop a file after the work.

        Raises ``OutputError``, ``ConfigError`` for a format that figures do not have, and
        ``MissingExtraError``.
        """
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
        """Write PNG files by name into the folder, if requested. Raises ``OutputError``."""
        from mien.files import write_whole

        if self.figures is not None:
            for name, picture in pictures.items():
                write_whole(Path(self.figures) / f"{name}.png", picture)
