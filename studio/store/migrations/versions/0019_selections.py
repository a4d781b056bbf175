"""Variants that operators picked on the studio page."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "selections",
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("slot", sa.String(1), nullable=False),
        sa.Column("theme_slug", sa.String(63), nullable=False),
        sa.Column("theme_version", sa.Integer),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_selections_theme", "selections", ["theme_slug", "theme_version"])


def downgrade() -> None:
    op.drop_table("selections")
