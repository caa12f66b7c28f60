"""Consent to pictures, and for how long kept ones stay."""

import sqlalchemy as sa
from alembic import op

revision = "v3_pictures"
down_revision = "v2_alerts"

_KEPT = ("keep_pictures_days", "21")


def upgrade() -> None:
    """Nobody has consented to pictures before there was the question."""
    op.add_column(
        "consents", sa.Column("pictures", sa.SmallInteger, nullable=False, server_default="0")
    )
    settings = sa.table("log_settings", sa.column("name"), sa.column("value"))
    connection = op.get_bind()
    names = set(connection.execute(sa.select(settings.c.name)).scalars())
    if names and _KEPT[0] not in names:  # a new log writes its settings itself, after this
        connection.execute(settings.insert().values(name=_KEPT[0], value=_KEPT[1]))
