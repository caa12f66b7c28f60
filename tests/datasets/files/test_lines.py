from __future__ import annotations

import csv
import io

import pytest

from mien.datasets.files.lines import bounded_lines


def test_lines_keep_their_ends() -> None:
    text = "a,b\r\nc\n\n'd"
    assert list(bounded_lines(io.StringIO(text, newline=""))) == ["a,b\r\n", "c\n", "\n", "'d"]


def test_a_line_of_the_longest_length_is_read_and_a_longer_one_is_not() -> None:
    assert list(bounded_lines(io.StringIO("abcd\nefgh\n"), 5)) == ["abcd\n", "efgh\n"]
    with pytest.raises(OSError, match="line 2 has more than 5 characters"):
        list(bounded_lines(io.StringIO("a\nbcdefg\n"), 5))


def test_a_table_with_line_breaks_in_its_cells() -> None:
    reader = csv.reader(bounded_lines(io.StringIO('a,"b\nc"\nd,e\n', newline="")))
    assert list(reader) == [["a", "b\nc"], ["d", "e"]] and reader.line_num == 3
