"""Sends what waits in the outbox: targets beside each other, each on its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

from mien.errors import OutputError
from mien.log.database import Log
from mien.monitor.alerts.delivery import Message
from mien.monitor.alerts.outbox import Claimed, body_of, claim, mark_failed, mark_sent
from mien.monitor.alerts.sending import line_of, send
from mien.monitor.alerts.state import Alert, State
from mien.monitor.rules.delivery_targets import AnyTarget, StandardOutput

Print = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a message at a target."""

    target: str
    subject: str
    problem: str = ""
    """Why it failed; empty if it went."""


def deliver(
    log: Log, targets: Sequence[AnyTarget], now: datetime, print_line: Print
) -> list[Delivered]:
    """Send what is due to each of ``targets``; ``print_line`` is the standard output.

    A target that hangs delays only its own messages: each has a thread, and a time limit.
    """
    with log.write() as connection:
        claimed = claim(connection, targets, now)
    found = []
    for one in claimed:
        if isinstance(one.target, StandardOutput):
            print_line(line_of(one.body))
            found.append(Delivered(one.target.name, one.body["subject"]))
    lanes: dict[str, list[Claimed]] = {}
    for one in claimed:
        if not isinstance(one.target, StandardOutput):
            lanes.setdefault(one.target.name, []).append(one)
    if not lanes:
        return found
    done: SimpleQueue[tuple[Claimed, str | BaseException]] = SimpleQueue()
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in lanes.values():
            pool.submit(_send_all, lane, done)
        for _ in range(sum(map(len, lanes.values()))):
            one, problem = done.get()
            if isinstance(problem, BaseException):
                raise problem
            with log.write() as connection:  # as soon as it went
                if problem:
                    mark_failed(connection, one.message_id, one.target, problem)
                else:
                    mark_sent(connection, one.message_id, one.target, now)
            found.append(Delivered(one.target.name, one.body["subject"], problem))
    return found


def _send_all(
    lane: Sequence[Claimed], done: SimpleQueue[tuple[Claimed, str | BaseException]]
) -> None:
    """Send what is for one target; after a failure the rest waits for the next attempt."""
    problem: str | BaseException = ""
    for one in lane:
        try:
            problem = problem or _try(one)
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            problem = error
        done.put((one, problem))


def send_test(targets: Sequence[AnyTarget], now: datetime, print_line: Print) -> list[Delivered]:
    """Send a message that says it is a test to each target now, past the outbox."""
    alert = Alert("test", None, State.OPEN, now, "this is a test of where messages go")
    body = body_of(Message(None, (alert,), False, False), now, uuid.uuid4().hex)
    found = []
    for target in targets:
        problem = ""
        if isinstance(target, StandardOutput):
            print_line(line_of(body))
        else:
            problem = _try(Claimed(0, target, body))
        found.append(Delivered(target.name, body["subject"], problem))
    return found


def _try(one: Claimed) -> str:
    """Why sending failed; empty if it went."""
    assert not isinstance(one.target, StandardOutput)
    try:
        send(one.target, one.body)
    except OutputError as error:
        return str(error)
    return ""
