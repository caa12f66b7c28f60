"""What tables look like on terminals and in pipes is tested through ``TableSink``."""

from __future__ import annotations

import io

from mien.sinks.base import TextOutput
from mien.sinks.printed import empty_table, print_table


def test_a_table_without_rows_is_its_header() -> None:
    stream = io.StringIO()

    def table(ascii_only: bool) -> object:
        made = empty_table(ascii_only)
        made.add_column("Name")
        return made

    print_table(TextOutput(stream), table)  # type: ignore[arg-type]
    assert stream.getvalue().split()[0] == "Name"
