"""Base images can be retired: not offered any more, but kept for the presets that use them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("base_images") as table:
        table.add_column(
            sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("base_images") as table:
        table.drop_column("retired")
