from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from mien.errors import ConfigError, InputError, OutputError
from mien.log.backup import back_up
from mien.log.database import Log
from mien.log.erasing import erase
from mien.log.exporting import KINDS, export, form_of
from mien.log.opening import create_log, open_log
from mien.log.verifying import verify
from tests.support.logs import frames, record, rows


def filled(log: Log) -> Log:
    record(log, frames(25, expression="surprise"))
    record(log, frames(5), persons={"ben": None})
    return log


def test_all_of_a_person_as_json_lines(any_log: Log, tmp_path: Path) -> None:
    path = tmp_path / "anna.jsonl"
    count = export(filled(any_log), "anna", str(path), "jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == count
    kinds = [line["table"] for line in lines]
    assert kinds.count("observations") == 3 and kinds.count("sessions") == 1
    assert set(kinds) == {"observations", "hours", "sessions", "consents", "audit"} < set(KINDS)
    first = lines[0]
    assert first["start"] == "2026-09-21T16:13:20+02:00" and first["surprise"] == 0.7
    assert "ben" not in path.read_text()
    assert [one["action"] for one in lines if one["table"] == "audit"][-1] == "export"


def test_tables(log: Log, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    filled(log)
    assert export(log, "anna", str(tmp_path / "a.csv"), "csv") == 3
    assert export(log, "anna", str(tmp_path / "a.parquet"), "parquet") == 3
    with (tmp_path / "a.csv").open() as file:
        found = list(csv.DictReader(file))
    typed = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert (
        [float(row["surprise"]) for row in found] == [row["surprise"] for row in typed] == [0.7] * 3
    )
    assert list(found[0]) == list(typed[0]) and typed[0]["contempt"] is None
    for kind in KINDS:  # also those without a row
        export(log, "ben", str(tmp_path / f"{kind}.csv"), "csv", (kind,))
        export(log, "ben", str(tmp_path / f"{kind}.parquet"), "parquet", (kind,))
        header = (tmp_path / f"{kind}.csv").read_text().splitlines()[0].split(",")
        assert pq.read_table(tmp_path / f"{kind}.parquet").column_names == header


def test_mistakes(log: Log, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'anna'"):
        export(log, "annna", str(tmp_path / "a.csv"), "csv")
    with pytest.raises(ConfigError, match="did you mean 'hours'"):
        export(log, "anna", str(tmp_path / "a.csv"), "csv", ("hour",))
    with pytest.raises(ConfigError, match="holds one kind"):
        export(log, "anna", str(tmp_path / "a.csv"), "csv", ("hours", "gaps"))
    with pytest.raises(ConfigError, match="no format of rows"):
        form_of("a.txt")
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize("key", [None, "a key"])
def test_a_backup_is_a_log_of_that_moment(tmp_path: Path, key: str | None) -> None:
    if key:
        pytest.importorskip("sqlcipher3", reason="needs the 'encryption' extra")
    from tests.log.conftest import enrol

    copy = tmp_path / "copy.db"
    with create_log(tmp_path / "log.db", key=key, keep_days={"observations": None}) as log:
        enrol(log)
        filled(log)
        assert back_up(log, copy, key) == copy.stat().st_size
        record(log, frames(5), start_ms=1_790_100_000_000)
        assert copy.stat().st_mode & 0o777 == 0o600
        with pytest.raises(OutputError, match="there is a file of this name"):
            back_up(log, copy, key)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "log.db"]
    assert (b"anna" in copy.read_bytes()) == (key is None)
    with open_log(copy, key=key) as log:
        assert len(rows(log, "observations")) == 4 and verify(log).problems == ()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_only_the_owner_may_read_them(form: str, log: Log, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    new, old = tmp_path / f"new.{form}", tmp_path / f"old.{form}"
    old.touch(0o644)
    for path in (new, old):
        export(log, "anna", str(path), form)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_export_that_cannot_begin_is_no_copy(log: Log, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        export(log, "anna", str(tmp_path / "none" / "anna.csv"), "csv")
    assert erase(log, "anna").copies == ()


def test_a_server_is_backed_up_by_its_own_tools(server_log: Log, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pg_dump"):
        back_up(server_log, tmp_path / "copy.db")
