"""Presets can be archived: not listed any more, but kept for what refers to them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("presets") as table:
        table.add_column(
            sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false())
        )
        table.create_index("ix_presets_name", ["name"])


def downgrade() -> None:
    with op.batch_alter_table("presets") as table:
        table.drop_index("ix_presets_name")
        table.drop_column("archived")
