"""A note with what people said of an alert, and when consent to pictures alone was taken back."""

import sqlalchemy as sa
from alembic import op

revision = "v4_notes"
down_revision = "v3_pictures"


def upgrade() -> None:
    """Nothing is known of earlier answers and consents."""
    op.add_column("alerts", sa.Column("feedback_note", sa.Text))
    op.add_column("consents", sa.Column("pictures_withdrawn_ms", sa.BigInteger))
