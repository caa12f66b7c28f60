"""Messages to real receivers: signed, each target on its own, nothing lost or sent twice."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log.alert_tables import MESSAGES, OUTBOX
from mien.log.database import Log
from mien.log.opening import open_log
from mien.monitor.alerts import deliver as delivering
from mien.monitor.alerts.answers import acknowledge
from mien.monitor.alerts.checking import check
from mien.monitor.alerts.deliver import Delivered, deliver, send_test
from mien.monitor.alerts.signing import TOLERANCE_S, is_signed, sign
from mien.monitor.rules.config import Rules
from mien.monitor.rules.reading import read_rules
from tests.monitor.alerts.conftest import CHANGED, DAYS, after_day
from tests.support.receivers import drip, http_server, mail_server

RULE = "[[rule]]\nname = 'smiles'\nkind = 'ewma'\nmeasure = 'smiling'\n"
SECRET = b"a secret"
NOW = after_day(DAYS - 1)


def with_targets(*targets: str) -> Rules:
    return read_rules(RULE + "".join(f"[[target]]\n{target}\n" for target in targets), "test")


def hook(url: str, folder: Path, name: str = "hook") -> str:
    (folder / "secret").write_bytes(SECRET + b"\n")
    return (
        f"name = '{name}'\nkind = 'webhook'\nurl = '{url}'\nsecret_file = '{folder / 'secret'}'\n"
        "timeout_s = 2.0"
    )


def queue_one(log: Log, rules: Rules) -> None:
    check(log, rules, after_day(CHANGED - 2), UTC)
    assert check(log, rules, NOW, UTC).queued == 1


def send(log: Log, rules: Rules, now: datetime = NOW) -> list[Delivered]:
    lines: list[str] = []
    return deliver(log, rules.targets, now, lines.append)


def outbox(log: Log) -> list[dict[str, object]]:
    with log.read() as connection:
        return [row._asdict() for row in connection.execute(OUTBOX.select())]


def test_a_webhook_is_signed(log: Log, tmp_path: Path) -> None:
    with http_server(lambda *_: 204) as (url, received):
        rules = with_targets(hook(url, tmp_path))
        queue_one(log, rules)
        assert [one.problem for one in send(log, rules)] == [""]
        assert send(log, rules, NOW + timedelta(days=1)) == []
    ((headers, body),) = received
    message = json.loads(body)
    assert message["person"] == "anna" and message["id"] == headers["Mien-Id"]
    assert message["alerts"][0]["detail"] == "smiled 3 % of the time, usually 15 %"
    at, signature = headers["Mien-Time"], headers["Mien-Signature"]
    # As docs/monitor.md says, with the standard library alone.
    expected = hmac.new(SECRET, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signature == f"sha256={expected}"
    assert is_signed(SECRET, at, body, signature, time.time())
    for wrong in (
        (b"another", at, body, signature), (SECRET, str(int(at) + 1), body, signature),
        (SECRET, at, body + b" ", signature), (SECRET, "x", body, signature),
        (SECRET, at, body, ""), (SECRET, at, body, "é"),
    ):  # fmt: skip
        assert not is_signed(*wrong, time.time())
    assert not is_signed(SECRET, at, body, signature, int(at) + TOLERANCE_S + 1)


def test_the_signature_is_that_of_rfc_4231() -> None:
    """Test case 2 of RFC 4231, whose data has a full stop nowhere: the time is put before it."""
    key, data = b"Jefe", b"what do ya want for nothing?"
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac.new(key, data, hashlib.sha256).hexdigest() == known
    assert sign(key, 7, data) == "sha256=" + hmac.new(key, b"7." + data, hashlib.sha256).hexdigest()


def test_an_email(log: Log) -> None:
    pytest.importorskip("aiosmtpd")
    with mail_server() as (port, received):
        rules = with_targets(
            f"name = 'mail'\nkind = 'email'\nhost = '127.0.0.1'\nport = {port}\nsecurity = 'none'\n"
            "sender = 'mien@example.org'\nto = ['eva@example.org', 'tom@example.org']"
        )
        queue_one(log, rules)
        assert [one.problem for one in send(log, rules)] == [""]
    (content,) = received
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert mail["Subject"] == "Mien: anna: smiles" and mail["From"] == "mien@example.org"
    assert mail["To"] == "eva@example.org, tom@example.org"
    with log.read() as connection:
        uid = connection.execute(MESSAGES.select()).one().uid
    assert mail["Message-ID"] == f"<{uid}@example.org>"
    text = mail.get_content()
    assert "smiles: smiled 3 % of the time, usually 15 %" in text and "recognises nobody" in text


def by_apprise(address: str, folder: Path, name: str = "phone") -> str:
    (folder / name).write_text(f"{address}\n")
    return f"name = '{name}'\nkind = 'apprise'\nurl_file = '{folder / name}'\ntimeout_s = 2.0"


def test_apprise(log: Log, tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    statuses = iter([500, 200])
    with http_server(lambda *_: next(statuses)) as (url, received):
        address = url.replace("http://", "json://")
        rules = with_targets(
            by_apprise(address, tmp_path), by_apprise("nothing://x", tmp_path, "wrong"),
            by_apprise("json://127.0.0.1:9/?secret=1", tmp_path, "dead"),
        )  # fmt: skip
        queue_one(log, rules)
        found = {one.target: one.problem for one in send(log, rules)}
        assert "Apprise could not send" in found["phone"] and "no service" in found["wrong"]
        assert "Apprise could not send" in found["dead"] and "secret=1" not in str(found)
        found = {one.target: one.problem for one in send(log, rules, NOW + timedelta(minutes=2))}
        assert found["phone"] == ""
        assert not any(one.target == "phone" for one in send(log, rules, NOW + timedelta(days=1)))
    assert len(received) == 2
    sent = json.loads(received[1][1])
    assert sent["title"] == "Mien: anna: smiles"
    assert "smiles: smiled 3 % of the time, usually 15 %" in sent["message"]


def test_a_webhook_that_never_stops_answering(log: Log, tmp_path: Path) -> None:
    with drip() as url:
        rules = with_targets(hook(url, tmp_path))
        queue_one(log, rules)
        began = time.monotonic()
        assert [one.problem for one in send(log, rules)] == [""]
        assert time.monotonic() - began < 20


def test_a_dead_target_delays_no_other_and_is_tried_again(log: Log, tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    statuses = iter([500, 307, 204])
    with http_server(lambda *_: next(statuses)) as (url, received):
        rules = with_targets(
            hook(url, tmp_path), hook("http://127.0.0.1:9/", tmp_path, "dead"),
            f"name = 'file'\nkind = 'file'\npath = '{file}'", "name = 'out'\nkind = 'output'",
        )  # fmt: skip
        queue_one(log, rules)
        found = {one.target: one.problem for one in send(log, rules)}
        assert found["file"] == found["out"] == ""
        assert "answered 500" in found["hook"] and "refused" in found["dead"]
        assert send(log, rules, NOW + timedelta(seconds=59)) == []
        again = {one.target: one.problem for one in send(log, rules, NOW + timedelta(minutes=1))}
        assert set(again) == {"hook", "dead"} and "answered 307" in again["hook"]
        later = NOW + timedelta(minutes=7)
        assert {one.target: one.problem for one in send(log, rules, later)}["hook"] == ""
        assert len(received) == 3 and len({body for _, body in received}) == 1
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["person"] == "anna" and file.stat().st_mode & 0o777 == 0o600
    for row in outbox(log):
        assert (row["done_ms"] is None) == (row["target"] == "dead")
    send(log, rules, NOW + timedelta(days=4))
    (dead,) = [row for row in outbox(log) if row["target"] == "dead"]
    assert dead["next_ms"] is None and "given up after 3 attempts" in str(dead["error"])
    assert check(log, rules, NOW + timedelta(days=4), UTC).queued == 0  # others had it


def test_a_cooldown_begins_only_when_something_was_sent(log: Log, tmp_path: Path) -> None:
    rules = with_targets(hook("http://127.0.0.1:9/", tmp_path, "dead"))
    queue_one(log, rules)
    send(log, rules)
    assert check(log, rules, NOW + timedelta(hours=1), UTC).queued == 0  # the first one waits still
    later = NOW + timedelta(days=3, hours=1)
    send(log, rules, later)
    assert check(log, rules, later, UTC).queued == 1  # given up: said anew


def test_what_was_acknowledged_first_is_not_sent(log: Log) -> None:
    rules = with_targets("name = 'out'\nkind = 'output'")
    queue_one(log, rules)
    acknowledge(log, 1, "Eva", NOW)
    assert send(log, rules) == []
    assert "acknowledged" in str(outbox(log)[0]["error"])


def test_a_kill_between_sending_and_marking(log: Log, path: Path, tmp_path: Path) -> None:
    """The receiver kills the sender: the message comes again, with the same id, but only once."""
    children: list[subprocess.Popen[bytes]] = []

    def answer(headers: dict[str, str], body: bytes) -> int:
        if len(received) == 1:
            os.kill(children[0].pid, signal.SIGKILL)
        return 204

    with http_server(answer) as (url, received):
        rules = with_targets(hook(url, tmp_path))
        queue_one(log, rules)
        (tmp_path / "rules.toml").write_text(f"{RULE}[[target]]\n{hook(url, tmp_path)}\n")
        code = (
            "import sys, datetime\n"
            "from mien.log.opening import open_log\n"
            "from mien.monitor.alerts.deliver import deliver\n"
            "from mien.monitor.rules.reading import load_rules\n"
            "now = datetime.datetime.fromisoformat(sys.argv[3])\n"
            "deliver(open_log(sys.argv[1]), load_rules(sys.argv[2]).targets, now, print)\n"
        )
        words = [path, tmp_path / "rules.toml", NOW.isoformat()]
        children.append(subprocess.Popen([sys.executable, "-c", code, *map(str, words)]))
        assert children[0].wait(60) == -signal.SIGKILL
        with open_log(path) as again:
            assert send(again, rules) == []  # not before the back-off
            assert [one.problem for one in send(again, rules, NOW + timedelta(minutes=1))] == [""]
            assert send(again, rules, NOW + timedelta(hours=1)) == []
        assert len(received) == 2 and len({headers["Mien-Id"] for headers, _ in received}) == 1


def test_a_file_and_standard_output_have_no_repeat(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text('{"half": ')  # of another program, or a full disk
    rules = with_targets(
        f"name = 'file'\nkind = 'file'\npath = '{file}'", "name = 'out'\nkind = 'output'"
    )
    queue_one(log, rules)
    lines: list[str] = []
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(delivering, "mark_sent", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(log, rules.targets, NOW, lines.append)
    (again,) = deliver(log, rules.targets, NOW + timedelta(minutes=2), lines.append)
    assert again.target == "file" and len(lines) == 1
    first, second = file.read_text().splitlines()
    assert first == '{"half": ' and json.loads(second)["person"] == "anna"


def test_two_processes_send_each_message_once(log: Log, path: Path, tmp_path: Path) -> None:
    with http_server(lambda *_: 204) as (url, received):
        rules = with_targets(hook(url, tmp_path))
        queue_one(log, rules)
        with open_log(path) as other:
            assert check(other, rules, NOW, UTC).queued == 0
            assert len(send(other, rules)) + len(send(log, rules)) == 1
        assert len(received) == 1


def test_a_test_message_goes_past_the_outbox(tmp_path: Path) -> None:
    file, lines = tmp_path / "a.jsonl", []
    rules = with_targets(
        f"name = 'file'\nkind = 'file'\npath = '{file}'", "name = 'out'\nkind = 'output'",
        hook("http://127.0.0.1:9/", tmp_path, "dead"),
        f"name = 'no'\nkind = 'webhook'\nurl = 'http://127.0.0.1:9/'\nsecret_file = '{tmp_path}/x'",
    )  # fmt: skip
    found = {one.target: one.problem for one in send_test(rules.targets, NOW, lines.append)}
    assert found["file"] == found["out"] == "" and "refused" in found["dead"]
    assert "cannot read the secret" in found["no"]
    assert "this is a test" in lines[0] and "this is a test" in file.read_text()
