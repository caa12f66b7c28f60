"""Alerts, what was judged, and messages with their way to each target."""

import sqlalchemy as sa
from alembic import op

revision = "v2_alerts"
down_revision = "v1_first"

_KEPT = ("keep_alerts_days", "400")


def upgrade() -> None:
    """Make the tables, and note for how long alerts are kept."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer),
        sa.Column("person_id", sa.Integer),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("armed", sa.SmallInteger, nullable=False),
        sa.Column("history", sa.Text, nullable=False),
        sa.Column("sent", sa.Text, nullable=False),
        sa.Column("useful", sa.SmallInteger),
        sa.Column("feedback_by", sa.Text),
        sa.Column("feedback_ms", sa.BigInteger),
        _key("alerts", "id"),
        _refers("alerts", "person_id", "persons"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_person_id", "alerts", ["person_id"])
    op.create_table(
        "judged",
        sa.Column("person_id", sa.Integer),
        sa.Column("rule", sa.String(64)),
        sa.Column("day", sa.Integer, nullable=False),
        _key("judged", "person_id", "rule"),
        _refers("judged", "person_id", "persons"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("sent_ms", sa.BigInteger),
        _key("messages", "id"),
        sa.UniqueConstraint("uid", name="uq_messages_uid"),
        _refers("messages", "person_id", "persons"),
    )
    op.create_index("ix_messages_person_id", "messages", ["person_id"])
    op.create_table(
        "message_alerts",
        sa.Column("message_id", sa.Integer),
        sa.Column("alert_id", sa.Integer),
        _key("message_alerts", "message_id", "alert_id"),
        _refers("message_alerts", "message_id", "messages"),
        _refers("message_alerts", "alert_id", "alerts"),
    )
    op.create_index("ix_message_alerts_alert_id", "message_alerts", ["alert_id"])
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.Integer),
        sa.Column("target", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_ms", sa.BigInteger),
        sa.Column("done_ms", sa.BigInteger),
        sa.Column("error", sa.Text),
        _key("outbox", "message_id", "target"),
        _refers("outbox", "message_id", "messages"),
    )
    _keep_alerts()


def _keep_alerts() -> None:
    """A new log writes its settings itself, after this."""
    settings = sa.table("log_settings", sa.column("name"), sa.column("value"))
    connection = op.get_bind()
    names = set(connection.execute(sa.select(settings.c.name)).scalars())
    if names and _KEPT[0] not in names:
        connection.execute(settings.insert().values(name=_KEPT[0], value=_KEPT[1]))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")
