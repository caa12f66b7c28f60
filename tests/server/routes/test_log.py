"""The log over a real connection: who may do what, what comes back, what is noted."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.errors import NoConsentError
from mien.log import audit, pictures
from mien.log.exporting import KINDS, rows_of
from mien.log.opening import open_log
from mien.log.persons import check_pictures, find_person
from mien.log.verifying import verify
from mien.monitor.person_trends import person_trends
from mien.monitor.rules.reading import load_rules
from mien.server.routes.log_days_models import RowKind
from tests.server.support.served import Served, serving
from tests.server.support.simulated_log import simulated_log

P = "/v1/log/persons"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "made.db"
    simulated_log(path).close()
    return path


@pytest.fixture(scope="module")
def one(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of this file, which leave anna and the alert as they were."""
    folder = tmp_path_factory.mktemp("served")
    path = Path(shutil.copy(filled, folder / "log.db"))
    with serving(folder, log=path, tokens=True) as served:
        yield served
        assert served.faults == []


def noted(one: Served) -> list[tuple[str, str, Any]]:
    """(actor, action, details) of the audit trail."""
    assert one.context.log is not None
    with one.context.log.read() as connection:
        return [(e.actor, e.action, e.details) for e in audit.entries(connection)]


OPERATIONS = [
    ("watch", "GET", "/v1/log"),
    ("watch", "GET", "/v1/log/changes"),
    ("watch", "GET", P),
    ("watch", "GET", f"{P}/anna"),
    ("watch", "GET", f"{P}/anna/sessions"),
    ("watch", "GET", f"{P}/anna/observations"),
    ("watch", "GET", f"{P}/anna/trends"),
    ("watch", "GET", f"{P}/anna/report"),
    ("watch", "GET", "/v1/log/alerts"),
    ("care", "POST", "/v1/log/alerts/9/acknowledgement"),
    ("care", "POST", "/v1/log/alerts/9/resolution"),
    ("care", "POST", "/v1/log/alerts/9/feedback"),
    ("care", "POST", f"{P}/nobody/withdrawal"),
    ("care", "POST", f"{P}/nobody/pictures/withdrawal"),
    ("admin", "POST", P),
    ("admin", "POST", f"{P}/nobody/consents"),
    ("admin", "GET", f"{P}/nobody/export"),
    ("admin", "DELETE", f"{P}/nobody"),
    ("admin", "DELETE", f"{P}/nobody/sessions/1"),
    ("admin", "GET", "/v1/log/audit"),
]


def test_each_operation_asks_for_its_role(one: Served) -> None:
    roles = ["analyse", "watch", "care", "admin"]
    clients = {role: one.client(role) for role in roles}
    with one.client() as nobody:
        for least, method, path in OPERATIONS:
            assert nobody.request(method, path).status_code == 401
            below = roles[roles.index(least) - 1]
            assert clients[below].request(method, path).status_code == 403, path
            assert clients[least].request(method, path).status_code not in (401, 403), path
    paths = one.server.app.openapi()["paths"]
    known = {
        (method.upper(), path)
        for path, methods in paths.items() if path.startswith("/v1/log")
        for method in methods
    }  # fmt: skip
    assert len(known) == len(OPERATIONS)  # none without a role in this list


def test_what_is_read_is_what_the_library_says(one: Served, filled: Path) -> None:
    with one.client("watch") as client, open_log(filled) as log:
        found = client.get(f"{P}/anna/trends").json()
        assert found == person_trends(log, "anna", load_rules())
        last = found["to"]
        some = client.get(f"{P}/anna/trends", params={"from": last, "to": last}).json()
        assert [day["date"] for day in some["days"]] == [last]
        assert client.get(f"{P}/carla/trends").json()["recorded"] is None
        with log.read() as connection:
            anna = find_person(connection, "anna")
            observations = list(rows_of(connection, anna, "observations"))
            sessions = list(rows_of(connection, anna, "sessions"))
        pages, cursor = [], None
        while True:
            query = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            page = client.get(f"{P}/anna/observations", params=query).json()
            pages += page["observations"]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert pages == json.loads(json.dumps(observations)) and len(pages) > 200
        shown = client.get(f"{P}/anna/sessions").json()["sessions"]
        same = sessions[0].keys() & shown[0].keys()
        assert same >= {"kind", "source", "start", "end", "place", "model", "detector"}
        assert [{name: one[name] for name in same} for one in shown] == [
            {name: one[name] for name in same} for one in sessions
        ]
        assert sum(one["windows"] for one in shown) == len(observations)
        assert all(one["over"] and not one["others"] for one in shown)
        facts = client.get("/v1/log").json()
        assert facts["persons"] == 4 and facts["rows"] > len(observations)
        assert facts["keep_days"]["readings"] == 7 and not facts["encrypted"]
        found = {one["pseudonym"]: one for one in client.get(P).json()["persons"]}
        assert {name: one["consent"] for name, one in found.items()} == {
            "anna": "in_force", "bert": "withdrawn", "carla": "none", "dora": "ended",
        }  # fmt: skip
        assert found["anna"]["open_alerts"] == 2 and found["carla"]["last_seen"] is None


def test_looking_is_noted_under_the_name_of_the_token(one: Served) -> None:
    with one.client("watch") as client:
        before = len(noted(one))
        client.get(f"{P}/anna/trends")
        client.get("/v1/log/alerts")
        client.get(f"{P}/anna/report")
        client.get("/v1/log/changes")
        client.get(f"{P}/anna/observations")
        made_up = client.get(f"{P}/anna/observations", params={"cursor": "0.0"})
        assert made_up.json()["observations"]
    assert noted(one)[before:] == [
        ("the watch", "read", {"what": "trends"}),
        ("the watch", "read", {"what": "the list of alerts"}),
        ("the watch", "export", {"kinds": ["report"], "form": "html"}),
        ("the watch", "read", {"what": "observations"}),
        ("the watch", "read", {"what": "observations"}),
    ]


def test_the_report_runs_nothing(one: Served) -> None:
    last = datetime.now(UTC).date() - timedelta(1)
    with one.client("watch") as client:
        query = {"from": last - timedelta(6), "to": last}
        answer = client.get(f"{P}/anna/report", params=query)  # type: ignore[arg-type]
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy
        assert "anna" in answer.text and "Mien recognises nobody" in answer.text
        assert "smiled" in answer.text
        assert "<pre>" not in answer.text  # no command made it
        # a person without days
        assert client.get(f"{P}/carla/report").status_code == 422


def test_an_alert_is_answered_once(one: Served, tmp_path: Path, filled: Path) -> None:
    path = Path(shutil.copy(filled, tmp_path / "log.db"))
    with serving(tmp_path, log=path, tokens=True) as other, other.client("care") as client:
        marks = client.get("/v1/log/changes").json()
        live = client.get("/v1/log/alerts").json()["alerts"]
        (alert,) = (one for one in live if one["rule"] == "smiling changed")
        assert (alert["person"], alert["state"], alert["useful"]) == ("anna", "open", None)
        at = f"/v1/log/alerts/{alert['number']}"
        for note in ("looked in", "called her daughter", ""):
            after = client.post(f"{at}/acknowledgement", json={"note": note}).json()
        assert after["state"] == "acknowledged"
        notes = [(step["who"], step["why"]) for step in after["history"][-2:]]
        assert notes == [("the care", "looked in"), ("the care", "called her daughter")]
        assert client.get("/v1/log/changes").json()["alerts"] != marks["alerts"]
        assert client.post(f"{at}/resolution", json={"why": "spoke with her"}).status_code == 200
        for what in ("acknowledgement", "resolution"):
            answer = client.post(f"{at}/{what}")
            assert answer.status_code == 409 and "it is resolved" in answer.json()["detail"]
        answer = {"useful": True, "note": "her hip hurt"}
        assert client.post(f"{at}/feedback", json=answer).json()["feedback_note"] == "her hip hurt"
        last = client.post(f"{at}/feedback", json={"useful": False}).json()
        assert (last["useful"], last["feedback_note"]) == (False, None)  # the last answer counts
        found = client.get("/v1/log/alerts", params={"state": "resolved", "person": "anna"}).json()
        assert [one["history"][-1]["why"] for one in found["alerts"]] == ["spoke with her"]
        everybody = client.get("/v1/log/alerts", params={"state": "all"}).json()["alerts"]
        assert {one["person"] for one in everybody} == {"anna", "bert"}
        judged = {one["rule"]: (one["useful"], one["answered"]) for one in found["precision"]}
        assert judged["smiling changed"] == (0, 2)  # with the one of bert
        left = client.get("/v1/log/alerts").json()["alerts"]
        assert [one["number"] for one in left] == [
            one["number"] for one in live if one is not alert
        ]
        assert client.get("/v1/log/alerts?person=carla&state=all").json()["alerts"] == []
        assert client.post("/v1/log/alerts/99/acknowledgement").status_code == 404
        assert [a for n, a, _ in noted(other) if n == "the care" and a != "read"] == [
            "acknowledge", "acknowledge", "acknowledge", "resolve", "feedback", "feedback",
        ]  # fmt: skip


def test_somebody_comes_and_goes(one: Served) -> None:
    with one.client("admin") as client:
        answer = client.post(P, json={"pseudonym": "cleo"})
        assert answer.status_code == 201 and answer.headers["location"] == f"{P}/cleo"
        assert answer.json()["consent"] == "none" and not answer.json()["in_force"]
        assert client.post(P, json={"pseudonym": "cleo"}).status_code == 409
        consent = {"given_by": "Cleo", "purpose": "a test", "until": "2099-12-31"}
        answer = client.post(f"{P}/cleo/consents", json=consent)
        assert answer.status_code == 201 and answer.json()["in_force"]
        until = datetime.fromisoformat(answer.json()["consent_until"]).astimezone()
        assert until.replace(tzinfo=None) == datetime(2100, 1, 1)  # the end of that day, here
        assert client.post(f"{P}/cleo/withdrawal").json()["consent"] == "withdrawn"
        assert client.post(f"{P}/cleo/withdrawal").status_code == 409
        rows = [
            json.loads(line)
            for line in client.get(f"{P}/cleo/export").text.splitlines()
        ]  # fmt: skip
        assert [row["table"] for row in rows].count("consents") == 1
        answer = client.delete(f"{P}/cleo", headers={"X-Confirm": "clea"})
        assert answer.status_code == 422 and "X-Confirm: cleo" in answer.json()["detail"]
        certificate = client.delete(f"{P}/cleo", headers={"X-Confirm": "cleo"}).json()
        assert certificate["removed"]["consents"] == 1 and certificate["removed"]["persons"] == 1
        assert "exported on" in certificate["copies"][0]
        assert certificate["text"].startswith("Certificate of erasure")
        answer = client.get(f"{P}/cleo")
        assert answer.status_code == 404 and "no person 'cleo' is enrolled" in answer.text
        trail = client.get("/v1/log/audit", params={"limit": 3}).json()["entries"]
        erased = next(entry for entry in trail if entry["action"] == "erase")
        assert erased["actor"] == "the admin" and erased["person_number"] == certificate["number"]
        assert erased["hash"] == certificate["hash"] if "hash" in erased else True
    assert one.context.log is not None and verify(one.context.log).problems == ()


def test_consent_to_pictures_is_given_and_taken_back(one: Served) -> None:
    log = one.context.log
    assert log is not None
    with one.client("admin") as client:
        client.post(P, json={"pseudonym": "fay"}).raise_for_status()
        consent = {"given_by": "Fay", "purpose": "a test"}
        answer = client.post(f"{P}/fay/consents", json=consent).json()
        assert answer["in_force"] and not answer["pictures"]
        assert client.post(f"{P}/fay/pictures/withdrawal").status_code == 409
        answer = client.post(f"{P}/fay/consents", json={**consent, "pictures": True}).json()
        assert answer["pictures"] and answer["consents"][1]["pictures"]
        with log.read() as connection:
            number = find_person(connection, "fay").id
        kept = pictures.folder_of(log) / str(number) / "1" / "10000.zip"
        kept.parent.mkdir(parents=True)
        kept.touch()
        assert client.get(f"{P}/fay").json()["picture_files"] == 1
        with one.client("care") as carer:
            answer = carer.post(f"{P}/fay/pictures/withdrawal").json()
        assert answer["in_force"] and not answer["pictures"] and not answer["picture_files"]
        assert answer["consents"][1]["pictures_withdrawn"] and not kept.parent.exists()
        with log.read() as connection, pytest.raises(NoConsentError, match="--pictures"):
            check_pictures(connection, "fay")
        assert ("the care", "withdraw", {"what": "pictures", "files": 1}) in noted(one)
        client.delete(f"{P}/fay", headers={"X-Confirm": "fay"}).raise_for_status()


def test_a_recording_is_removed(tmp_path: Path, filled: Path) -> None:
    path = Path(shutil.copy(filled, tmp_path / "log.db"))
    with serving(tmp_path, log=path, tokens=True) as other, other.client("admin") as client:
        sessions = client.get(f"{P}/anna/sessions").json()["sessions"]
        assert len(sessions) == 2
        at = f"{P}/anna/sessions/{sessions[0]['session']}"
        assert client.delete(at.replace("anna", "bert")).status_code == 404  # of somebody else
        assert client.delete(at, headers={"Origin": "http://example.org"}).status_code == 403
        removed = client.delete(at).json()["removed"]
        assert removed["observations"] == sessions[0]["windows"] > 0
        assert client.get(f"{P}/anna/sessions").json()["sessions"] == sessions[1:]
        assert client.delete(at).status_code == 404
        assert [a for n, a, _ in noted(other) if n == "the admin" and a != "read"] == ["remove"]
        assert other.context.log is not None and verify(other.context.log).problems == ()


def test_exports(one: Served, filled: Path) -> None:
    with one.client("admin") as client:
        table = client.get(f"{P}/anna/export", params={"format": "csv", "what": "hours"})
        rows = list(csv.DictReader(io.StringIO(table.text)))
        with open_log(filled) as log, log.read() as connection:
            whole = list(rows_of(connection, find_person(connection, "anna"), "hours"))
        assert len(rows) == len(whole) > 200
        assert [float(row["smiling"] or 0) for row in rows] == pytest.approx(
            [row["smiling"] or 0 for row in whole]
        )
        assert table.headers["content-disposition"] == 'attachment; filename="anna.csv"'
        assert client.get(f"{P}/anna/export", params={"what": "ours"}).status_code == 422
        assert get_args(RowKind) == KINDS
        parquet = pytest.importorskip("pyarrow.parquet", reason="needs the 'tables' extra")
        file = client.get(f"{P}/anna/export", params={"format": "parquet", "what": "hours"})
        assert parquet.read_table(io.BytesIO(file.content)).num_rows == len(whole)
    assert [p.name for p in Path(one.server.settings.jobs or "").iterdir()] == [".lock"]


WRONG = [
    ("GET", f"{P}/ana", None, 404, "did you mean 'anna'"),
    ("GET", f"{P}/a%00b", None, 404, "is enrolled"),
    ("GET", f"{P}/%FF", None, 404, "is enrolled"),
    ("GET", f"{P}/{'x' * 65}", None, 422, "person"),
    ("GET", f"{P}/anna/trends?from=yesterday", None, 422, "from"),
    ("GET", f"{P}/anna/trends?from=2026-02-30", None, 422, "from"),
    ("GET", f"{P}/anna/trends?from=0001-01-01", None, 422, "from"),
    ("GET", f"{P}/anna/trends?to=9999-12-31", None, 422, "to"),
    ("GET", f"{P}/anna/trends?from=2026-03-02&to=2026-03-01", None, 422, "before from"),
    ("GET", f"{P}/anna/trends?to=1999-01-01", None, 422, "no day was recorded"),
    ("GET", f"{P}/anna/report?to=2199-12-31", None, 422, "--to needs --from"),
    ("GET", f"{P}/anna/observations?cursor=x", None, 422, "is not a cursor"),
    ("GET", f"{P}/anna/observations?limit=0", None, 422, "limit"),
    ("GET", f"{P}/anna/observations?cursor=9999999999999999.9999999999", None, 200, "null"),
    ("POST", P, {"pseudonym": "a b"}, 422, "is not a pseudonym"),
    ("POST", P, {"pseudonym": "\ud800"}, 422, ""),
    ("POST", P, {}, 422, "pseudonym"),
    ("POST", f"{P}/anna/consents", {"given_by": " ", "purpose": "x"}, 422, "given by"),
    ("POST", f"{P}/anna/consents", {"given_by": "a", "purpose": "x", "until": "2001-01-01"}, 422,
     "has ended already"),
    ("POST", f"{P}/anna/consents", {"given_by": "a", "purpose": "x", "until": "soon"}, 422,
     "is not a time"),
    ("POST", f"{P}/anna/consents", {"given_by": "a", "purpose": "x", "until": "9999-12-31"}, 422,
     "is not a time"),
    ("GET", "/v1/log/alerts?state=closed", None, 422, "state"),
    ("GET", "/v1/log/alerts?person=ana", None, 404, "did you mean"),
    ("POST", "/v1/log/alerts/0/acknowledgement", None, 422, "number"),
    ("POST", "/v1/log/alerts/99999999999999999999/acknowledgement", None, 422, "number"),
    ("POST", "/v1/log/alerts/1/resolution", {"why": "a\nb"}, 422, "printable"),
    ("POST", "/v1/log/alerts/1/feedback", {"useful": True, "note": "a\nb"}, 422, "printable"),
    ("POST", "/v1/log/alerts/1/acknowledgement", {"note": "x" * 1001}, 422, "note"),
    ("DELETE", f"{P}/anna/sessions/99", None, 404, "there is no session 99"),
    ("GET", "/v1/log/audit?before=99999999999", None, 422, "before"),
]  # fmt: skip


def test_wrong_requests_are_told_what_is_wrong(one: Served) -> None:
    with one.client("admin") as client:
        for method, path, body, status, says in WRONG:
            content = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json"}
            answer = client.request(method, path, content=content, headers=headers)
            assert answer.status_code == status, (path, answer.text)
            assert says in answer.text, (path, answer.text)
            if status != 200:
                assert answer.headers["content-type"] == "application/problem+json"
                assert "\n" not in answer.json()["detail"]


def test_many_threads_share_the_log(one: Served) -> None:
    paths = [f"{P}/anna", f"{P}/anna/trends", "/v1/log/alerts", "/v1/log/changes", P]
    with one.client("watch") as client, ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda n: client.get(paths[n % 5]).status_code, range(25)))
    assert found == [200] * 25
    assert one.context.log is not None and verify(one.context.log).problems == ()


def test_without_a_log_it_says_so(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=True) as other, other.client("admin") as client:
        for _, method, path in OPERATIONS[::4]:
            answer = client.request(method, path, json={"pseudonym": "x", "useful": True,
                "given_by": "x", "purpose": "x"} if method == "POST" else None)  # fmt: skip
            assert answer.status_code == 404, path
            assert "mien serve --log FILE" in answer.json()["detail"]
