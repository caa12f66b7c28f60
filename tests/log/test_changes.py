from __future__ import annotations

from mien.log import audit
from mien.log.audit_pages import audit_page
from mien.log.changes import change_marks
from mien.log.database import Log
from mien.log.persons import add_person, give_consent, withdraw_consent
from tests.support.logs import frames, record


def test_marks_change_with_persons_and_consents_alone(any_log: Log) -> None:
    marks = [change_marks(any_log)["persons"]]
    record(any_log, frames(15))
    assert change_marks(any_log)["persons"] == marks[0]
    add_person(any_log, "carl")
    marks.append(change_marks(any_log)["persons"])
    give_consent(any_log, "carl", "carl", "a test")
    marks.append(change_marks(any_log)["persons"])
    withdraw_consent(any_log, "carl")
    marks.append(change_marks(any_log)["persons"])
    assert len(set(marks)) == 4
    with any_log.read() as connection:  # looking leaves no trace
        assert [one.action for one in audit.entries(connection)][-1] == "withdraw"


def test_the_trail_in_pages(log: Log) -> None:
    first = audit_page(log, limit=2)
    assert first[0]["details"] == {"what": "the audit trail"}  # that somebody looks is noted
    rest = audit_page(log, limit=50, before=first[-1]["number"])
    assert [one["number"] for one in (*first, *rest)] == list(range(6, 0, -1))
    again = audit_page(log, limit=1)  # a page further on is a reading too
    assert again[0]["number"] == 8
    assert rest[-1]["action"] == "create" and rest[-1]["person_number"] is None
