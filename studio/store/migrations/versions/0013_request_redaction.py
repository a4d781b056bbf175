"""Moderation overrides of jobs, redaction of requests, and the base images that requests use."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    no = sa.false()
    op.add_column("jobs", sa.Column("cleared", sa.Boolean, nullable=False, server_default=no))
    op.add_column("requests", sa.Column("emptied", sa.Boolean, nullable=False, server_default=no))
    op.add_column("requests", sa.Column("base_sha256", sa.String(64)))
    _fill_base_images(op.get_bind())
    with op.batch_alter_table("requests") as requests:
        requests.alter_column("base_sha256", existing_type=sa.String(64), nullable=False)
    op.create_index("ix_requests_base", "requests", ["base_sha256"])
    op.create_index("ix_requests_age", "requests", ["emptied", "created"])


def _fill_base_images(connection: sa.Connection) -> None:
    requests = sa.table("requests", *map(sa.column, ("id", "document", "base_sha256")))
    ids = connection.scalars(sa.select(requests.c.id)).all()
    for id_ in ids:
        row = requests.c.id == id_
        document = connection.scalars(sa.select(requests.c.document).where(row)).one()
        sha256 = json.loads(document)["base_image"]["sha256"]
        connection.execute(sa.update(requests).where(row).values(base_sha256=sha256))


def downgrade() -> None:
    op.drop_index("ix_requests_age", "requests")
    op.drop_index("ix_requests_base", "requests")
    op.drop_column("requests", "base_sha256")
    op.drop_column("requests", "emptied")
    op.drop_column("jobs", "cleared")
