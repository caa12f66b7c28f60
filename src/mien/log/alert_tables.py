"""The tables of alerts and of messages about them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, SmallInteger, String, Table, Text

from mien.log.schema import METADATA

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), index=True),
    Column("rule", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("armed", SmallInteger, nullable=False),
    Column("history", Text, nullable=False),
    Column("sent", Text, nullable=False),
    Column("useful", SmallInteger),
    Column("feedback_by", Text),
    Column("feedback_ms", BigInteger),
    Column("feedback_note", Text),
    sqlite_autoincrement=True,  # a number that people were given is never another alert's
)
"""``mien.monitor.alerts.state.Alert``, with JSON of ``history`` and ``sent``, and feedback. Without
a person it is about the installation."""

JUDGED = Table(
    "judged",
    METADATA,
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True),
    Column("rule", String(64), primary_key=True),
    Column("day", Integer, nullable=False),
)
"""The last local day that a rule has judged; no day is judged twice."""

MESSAGES = Table(
    "messages",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), index=True),
    Column("body", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
)
"""``uid`` goes with the message, so that a receiver can drop a repeat. ``sent_ms``: when the first
target had it."""

MESSAGE_ALERTS = Table(
    "message_alerts",
    METADATA,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("alert_id", ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True, index=True),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("target", String(64), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger),
    Column("done_ms", BigInteger),
    Column("error", Text),
)
"""One row a message and target. ``next_ms``: when it is tried next, ``NULL`` when it is over."""
