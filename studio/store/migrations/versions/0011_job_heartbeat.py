"""Heartbeat, base model and fair-share tier of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    epoch = sa.text("'1970-01-01 00:00:00'")
    op.add_column(
        "jobs", sa.Column("heard", sa.DateTime(timezone=True), nullable=False, server_default=epoch)
    )
    op.add_column("jobs", sa.Column("model", sa.String(200), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("turn", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    for column in ("turn", "model", "heard"):
        op.drop_column("jobs", column)
