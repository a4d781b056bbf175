"""The audit log of moderation decisions, with reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("theme", sa.String(63), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("review", sa.Text),
    )
    op.create_index("ix_judgements_created", "judgements", ["created"])
    op.create_index("ix_judgements_client", "judgements", ["client", "id"])


def downgrade() -> None:
    op.drop_table("judgements")
