from __future__ import annotations

from pathlib import Path

import pytest

from mien.log.database import Log
from mien.log.opening import create_log
from mien.log.summary import log_facts
from tests.support.logs import frames, record


def test_facts_for_programs(any_log: Log) -> None:
    record(any_log, frames(25))
    found = log_facts(any_log)
    assert (found["persons"], found["sessions"], found["rows"]) == (2, 1, 3)
    assert found["keep_days"]["observations"] is None and found["keep_days"]["readings"] == 7
    assert not found["encrypted"] and found["window_s"] == 10
    assert found["kind"] == ("postgresql" if any_log.file is None else "sqlite")
    assert "/" not in found["name"] or any_log.file is None


def test_an_encrypted_log_says_so(tmp_path: Path) -> None:
    pytest.importorskip("sqlcipher3", reason="needs the 'encryption' extra")
    with create_log(tmp_path / "log.db", key="a key") as log:
        assert log_facts(log)["encrypted"]
