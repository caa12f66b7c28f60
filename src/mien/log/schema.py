"""The tables of the log.

Times are whole milliseconds since 1970 in UTC (``…_ms``); ``offset_min`` is what local time was
ahead of it, in minutes. Shares, probabilities and seconds are stored as whole numbers of a fixed
fraction, which takes a third of the space of floats in SQLite.

A change here needs a new migration: a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

VERSION_TABLE = "mien_log_version"
"""Where Alembic keeps the version; another name than its default, to tell a log from any other."""
APPLICATION_ID = 0x4D69656E
"""``PRAGMA application_id`` of an SQLite file: ``Mien``."""
EXPRESSIONS = (
    "anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
)  # fmt: skip
"""Expressions with a column of their own."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Scaled(TypeDecorator[float]):
    """A float, stored as a whole number of ``1 / scale``."""

    impl = Integer
    cache_ok = True

    def __init__(self, scale: int, small: bool = False) -> None:
        """``small``: it fits 16 bits."""
        super().__init__()
        self.scale, self.small = scale, small

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type in the database."""
        return dialect.type_descriptor(SmallInteger() if self.small else Integer())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:
        """The whole number."""
        return None if value is None else round(value * self.scale)

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:
        """The float."""
        return None if value is None else value / self.scale


def share() -> Scaled:
    """Of a value from -1 to 1, to four decimals."""
    return Scaled(10_000, small=True)


SETTINGS = Table(
    "log_settings",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""``window_s``, ``created_ms``, and for how many days each kind of data is kept."""

PERSONS = Table(
    "persons",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("pseudonym", String(64), nullable=False, unique=True),
    Column("token", String(32), nullable=False, unique=True),
    Column("enrolled_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # the number of an erased person is never given again
)
"""``token`` is the random number that stands for the person in the audit trail."""

CONSENTS = Table(
    "consents",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("given_by", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("withdrawn_ms", BigInteger),
    Column("pictures", SmallInteger, nullable=False, server_default="0"),
    Column("pictures_withdrawn_ms", BigInteger),
)
"""``pictures``: 1 if pictures may be kept too, until ``pictures_withdrawn_ms``."""

SETUPS = Table(
    "setups",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("place", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("detector", Text, nullable=False),
    Column("detector_sha256", String(64), nullable=False),
    Column("settings", Text, nullable=False),
)
"""What values depend on. Days of different setups are not comparable."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("setup_id", ForeignKey("setups.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("source_sha256", String(64), nullable=False, index=True),
    Column("time_from", String(32), nullable=False),
    Column("versions", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("offset_min", SmallInteger, nullable=False),
    Column("end_ms", BigInteger),
)
"""One recording. ``end_ms`` is ``NULL`` while it runs, and after a kill."""

SESSION_PERSONS = Table(
    "session_persons",
    METADATA,
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True),
    Column("region", String(64)),
    Index("ix_session_persons_person_id", "person_id"),
)
"""Whom a session records; ``region``: ``x1,y1,x2,y2`` in shares of the picture."""

GAPS = Table(
    "gaps",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

OBSERVATIONS = Table(
    "observations",
    METADATA,
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("offset_min", SmallInteger, nullable=False),
    Column("watched_s", Scaled(1000), nullable=False),
    Column("seen_s", Scaled(1000), nullable=False),
    Column("usable_s", Scaled(1000), nullable=False),
    *(Column(name, share()) for name in EXPRESSIONS),
    Column("other_probs", Text),
    Column("valence", share()),
    Column("arousal", share()),
    Column("smiling", share()),
    Column("expressivity", Scaled(1_000_000)),
    Column("changes", SmallInteger),
    Column("speaking", share()),
    Column("size", Scaled(10)),
    Column("light", share()),
    Column("yaw", Scaled(10, small=True)),
    Column("roll", Scaled(10, small=True)),
    Column("others", Scaled(100)),
    Index("ix_observations_session_id", "session_id"),
    sqlite_with_rowid=False,  # rows lie in the order of the key: those of a person together
)
"""One row a person and window. ``mien.log.windows.Observation`` says what each column means."""

READINGS = Table(
    "readings",
    METADATA,
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True),
    Column("time_ms", BigInteger, primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("offset_min", SmallInteger, nullable=False),
    Column("usable", SmallInteger, nullable=False),
    Column("expression", Text),
    Column("probs", Text),
    Column("box", Text),
    Index("ix_readings_session_id", "session_id"),
    sqlite_with_rowid=False,
)
"""Single frames, only if asked for."""

MEANS = (
    *EXPRESSIONS, "valence", "arousal", "smiling", "expressivity", "speaking", "size", "light",
    "yaw", "roll", "others",
)  # fmt: skip
"""Columns of ``observations`` that are averaged in ``hours``."""

HOURS = Table(
    "hours",
    METADATA,
    Column("person_id", ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("hour", SmallInteger, primary_key=True),
    Column("setup_id", ForeignKey("setups.id"), primary_key=True),
    Column("watched_s", Float, nullable=False),
    Column("seen_s", Float, nullable=False),
    Column("usable_s", Float, nullable=False),
    Column("changes", Integer),
    *(Column(name, Float) for name in MEANS),
    sqlite_with_rowid=False,
)
"""Sums and means of the observations of a local hour: what trends are computed from. ``day`` counts
local days since 1970-01-01."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("token", String(32), index=True),
    Column("details", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Who did what. Each ``hash`` covers the one before it."""
