"""Grids (X/Y/Z plots)."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "grids",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(63), nullable=False),
        sa.Column("theme_name", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("slot", sa.String(1), nullable=False),
        sa.Column("axes", sa.Text, nullable=False),
        sa.Column("images", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_grids_theme", "grids", ["slug", "id"])


def downgrade() -> None:
    op.drop_table("grids")
