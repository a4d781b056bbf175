"""Columns of variants that the history is searched by."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("variants") as table:
        table.add_column(sa.Column("prompt", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("models", sa.Text, nullable=False, server_default=""))
        table.create_index("ix_variants_preset", ["preset_slug", "id"])
        table.create_index("ix_variants_picture", ["picture_sha256"])
    rows = sa.table("variants", *(sa.column(n) for n in ("id", "document", "prompt", "models")))
    connection = op.get_bind()
    for number, document in connection.execute(sa.select(rows.c.id, rows.c.document)).all():
        variant = json.loads(document)
        names = "".join(f"\n{used['name']}\n" for used in variant["models"])
        connection.execute(
            sa.update(rows)
            .where(rows.c.id == number)
            .values(prompt=variant["prompt"].lower(), models=names)
        )


def downgrade() -> None:
    with op.batch_alter_table("variants") as table:
        table.drop_index("ix_variants_preset")
        table.drop_index("ix_variants_picture")
        table.drop_column("models")
        table.drop_column("prompt")
