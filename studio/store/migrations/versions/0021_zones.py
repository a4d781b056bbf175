"""Base images have zones: masks of the clothes and of what is protected, in the image store by hash."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    with op.batch_alter_table("base_images") as table:
        table.add_column(sa.Column("zones", sa.JSON))


def downgrade() -> None:
    with op.batch_alter_table("base_images") as table:
        table.drop_column("zones")
