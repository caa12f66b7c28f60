"""``mien compare`` of folders of ``mien evaluate --folds``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mien.cli.support.console import filled_table, print_scores
from mien.cli.support.printing import say_json
from mien.errors import ConfigError

UNUSED = (
    "data", "split", "dataset", "figure", "figures", "tta", "corruptions", "detector_options",
    "threads", "limit",
)  # fmt: skip
"""Parameters that have no meaning for cross-validations: their answers are kept."""


def compare_cross_validations(
    context: click.Context, runs: Sequence[str], as_json: bool, html: str | None
) -> None:
    """Compare the folders ``runs``, print the outcome, and write the report."""
    from mien.cli.support.command_line import as_typed, refuse
    from mien.cli.support.short_names import short_names
    from mien.reports.cross_validation import (
        comparison_columns,
        comparison_note,
        comparison_rows,
        comparison_title,
        folds_comparison_report,
        pair_columns,
        pair_rows,
    )
    from mien.reports.page import Origin, check_report_path, write_report
    from mien.subjects.folds import compare_folders

    refuse(context, UNUSED, "has no meaning for cross-validations, whose answers are kept")
    if len(runs) < 2:
        raise ConfigError("a comparison needs two cross-validations or more")
    if html is not None:
        check_report_path(html)
    names = short_names(runs)
    found = compare_folders({names[run]: run for run in runs})
    try:
        if html is not None:
            origin = Origin(as_typed(context), ", ".join(names.values()), "")
            write_report(html, folds_comparison_report(found, origin))
    finally:  # the scores are shown even if the disk is full
        if as_json:
            say_json(found.to_dict())
        else:
            tables = [
                ("", filled_table(comparison_columns(), comparison_rows(found))),
                (comparison_note(found), filled_table(pair_columns(), pair_rows(found))),
            ]
            print_scores(comparison_title(found), [], tables)
