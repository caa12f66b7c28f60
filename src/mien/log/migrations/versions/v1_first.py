"""The first version of the log.

It names every column itself: the tables of ``mien.log.schema`` are those of the newest version.
"""

import sqlalchemy as sa
from alembic import op

revision = "v1_first"
down_revision = None

EXPRESSIONS = (
    "anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
)  # fmt: skip


def upgrade() -> None:
    """Make every table."""
    _settings_and_persons()
    _sessions()
    _values()
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("token", sa.String(32)),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        _key("audit", "number"),
    )
    op.create_index("ix_audit_token", "audit", ["token"])


def _settings_and_persons() -> None:
    op.create_table(
        "log_settings",
        sa.Column("name", sa.String(64)),
        sa.Column("value", sa.Text, nullable=False),
        _key("log_settings", "name"),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.Integer),
        sa.Column("pseudonym", sa.String(64), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
        _key("persons", "id"),
        sa.UniqueConstraint("pseudonym", name="uq_persons_pseudonym"),
        sa.UniqueConstraint("token", name="uq_persons_token"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("given_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        sa.Column("withdrawn_ms", sa.BigInteger),
        _key("consents", "id"),
        _of_person("consents"),
    )
    op.create_index("ix_consents_person_id", "consents", ["person_id"])


def _sessions() -> None:
    op.create_table(
        "setups",
        sa.Column("id", sa.Integer),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("detector", sa.Text, nullable=False),
        sa.Column("detector_sha256", sa.String(64), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        _key("setups", "id"),
        sa.UniqueConstraint("digest", name="uq_setups_digest"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer),
        sa.Column("setup_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("time_from", sa.String(32), nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("offset_min", sa.SmallInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger),
        _key("sessions", "id"),
        _of_setup("sessions"),
    )
    op.create_index("ix_sessions_setup_id", "sessions", ["setup_id"])
    op.create_index("ix_sessions_source_sha256", "sessions", ["source_sha256"])
    op.create_table(
        "session_persons",
        sa.Column("session_id", sa.Integer),
        sa.Column("person_id", sa.Integer),
        sa.Column("region", sa.String(64)),
        _key("session_persons", "session_id", "person_id"),
        _of_session("session_persons"),
        _of_person("session_persons"),
    )
    op.create_index("ix_session_persons_person_id", "session_persons", ["person_id"])
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer),
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        _key("gaps", "id"),
        _of_session("gaps"),
    )
    op.create_index("ix_gaps_session_id", "gaps", ["session_id"])


def _values() -> None:
    small = sa.SmallInteger
    op.create_table(
        "observations",
        sa.Column("person_id", sa.Integer),
        sa.Column("start_ms", sa.BigInteger),
        sa.Column("session_id", sa.Integer),
        sa.Column("offset_min", small, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _SECONDS),
        *(sa.Column(name, small) for name in EXPRESSIONS),
        sa.Column("other_probs", sa.Text),
        *(sa.Column(name, small) for name in ("valence", "arousal", "smiling")),
        sa.Column("expressivity", sa.Integer),
        *(sa.Column(name, small) for name in ("changes", "speaking")),
        sa.Column("size", sa.Integer),
        *(sa.Column(name, small) for name in ("light", "yaw", "roll")),
        sa.Column("others", sa.Integer),
        _key("observations", "person_id", "start_ms", "session_id"),
        _of_person("observations"),
        _of_session("observations"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_observations_session_id", "observations", ["session_id"])
    op.create_table(
        "readings",
        sa.Column("person_id", sa.Integer),
        sa.Column("time_ms", sa.BigInteger),
        sa.Column("session_id", sa.Integer),
        sa.Column("offset_min", small, nullable=False),
        sa.Column("usable", small, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("expression", "probs", "box")),
        _key("readings", "person_id", "time_ms", "session_id"),
        _of_person("readings"),
        _of_session("readings"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_readings_session_id", "readings", ["session_id"])
    op.create_table(
        "hours",
        sa.Column("person_id", sa.Integer),
        sa.Column("day", sa.Integer),
        sa.Column("hour", small),
        sa.Column("setup_id", sa.Integer),
        *(sa.Column(name, sa.Float, nullable=False) for name in _SECONDS),
        sa.Column("changes", sa.Integer),
        *(sa.Column(name, sa.Float) for name in (*EXPRESSIONS, *_OTHER_MEANS)),
        _key("hours", "person_id", "day", "hour", "setup_id"),
        _of_person("hours"),
        _of_setup("hours"),
        sqlite_with_rowid=False,
    )


_SECONDS = ("watched_s", "seen_s", "usable_s")
_OTHER_MEANS = (
    "valence", "arousal", "smiling", "expressivity", "speaking", "size", "light", "yaw", "roll",
    "others",
)  # fmt: skip


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_person_id_persons"
    return sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=name, ondelete="CASCADE")


def _of_session(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_session_id_sessions"
    return sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=name, ondelete="CASCADE")


def _of_setup(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["setup_id"], ["setups.id"], name=f"fk_{table}_setup_id_setups")
