"""Which jobs a reviewer has cleared, and which requests were emptied of what their clients sent."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    no = sa.false()
    op.add_column("jobs", sa.Column("cleared", sa.Boolean, nullable=False, server_default=no))
    op.add_column("requests", sa.Column("emptied", sa.Boolean, nullable=False, server_default=no))


def downgrade() -> None:
    op.drop_column("requests", "emptied")
    op.drop_column("jobs", "cleared")
