"""Presets with their versions, base images and variants."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "presets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(63), nullable=False, unique=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("latest", sa.Integer, nullable=False),
    )
    op.create_table(
        "preset_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("preset_id", sa.Integer, sa.ForeignKey("presets.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("preset_id", "number"),
    )
    op.create_table(
        "base_images",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("keypoints", sa.JSON),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "variants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("letter", sa.String(1), nullable=False),
        sa.Column("preset_slug", sa.String(63), nullable=False),
        sa.Column("preset_version", sa.Integer),
        sa.Column("picture_sha256", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("request_id", "letter"),
    )
    op.create_index("ix_variants_created", "variants", ["created"])


def downgrade() -> None:
    for table in ("variants", "base_images", "preset_versions", "presets"):
        op.drop_table(table)
