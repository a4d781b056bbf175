"""Labels of variants, saved searches, doodles of variants; last uses of users and API clients."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_LAST_USES = {"users": "signed_in_at", "api_clients": "used_at"}
_CHUNK = 1000


def upgrade() -> None:
    """Variants from before have no doodle in the image store, so that `doodle_sha256` stays null."""
    op.add_column("variants", sa.Column("doodle_sha256", sa.String(64)))
    op.add_column(
        "variants", sa.Column("sampler", sa.String(40), nullable=False, server_default="")
    )
    op.create_index("ix_variants_doodle", "variants", ["doodle_sha256"])
    for table, column in _LAST_USES.items():
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True)))
    op.create_table(
        "variant_labels",
        sa.Column(
            "variant_id",
            sa.Integer,
            sa.ForeignKey("variants.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_variant_labels_name", "variant_labels", ["kind", "name", "variant_id"])
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, unique=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    _fill_in_samplers()


def _fill_in_samplers() -> None:
    rows = sa.table("variants", *(sa.column(name) for name in ("id", "document", "sampler")))
    connection, last = op.get_bind(), 0
    query = sa.select(rows.c.id, rows.c.document).order_by(rows.c.id).limit(_CHUNK)
    update = (
        sa.update(rows).where(rows.c.id == sa.bindparam("row")).values(sampler=sa.bindparam("name"))
    )
    while chunk := connection.execute(query.where(rows.c.id > last)).all():
        last = chunk[-1].id
        samplers = [
            (row.id, json.loads(row.document)["recipe"].get("sampler", "")) for row in chunk
        ]
        connection.execute(update, [{"row": id_, "name": name} for id_, name in samplers])


def downgrade() -> None:
    op.drop_table("saved_searches")
    op.drop_table("variant_labels")
    for table, column in _LAST_USES.items():
        op.drop_column(table, column)
    op.drop_index("ix_variants_doodle", "variants")
    op.drop_column("variants", "sampler")
    op.drop_column("variants", "doodle_sha256")
