"""Finished variants: their records in the database, their pictures on disk."""

from collections.abc import Sequence

from sqlalchemy import select

from studio.recipes.base import read_document
from studio.recipes.request import Variant
from studio.store.database import Database
from studio.store.pictures import PictureFiles
from studio.store.tables import VariantRow


class VariantStore:
    def __init__(self, database: Database, pictures: PictureFiles) -> None:
        self._database = database
        self._pictures = pictures

    def add(self, variant: Variant, png: bytes) -> None:
        """Keeps a variant: the picture first, so that no row is without one."""
        self._pictures.put(png)
        with self._database.writing() as session:
            session.add(
                VariantRow(
                    request_id=variant.request_id,
                    letter=variant.letter,
                    preset_slug=variant.preset,
                    preset_version=variant.preset_version,
                    picture_sha256=variant.picture_sha256,
                    document=variant.model_dump_json(),
                    created=variant.created,
                )
            )

    def of_request(self, request_id: str) -> Sequence[Variant]:
        """The request's variants by letter."""
        query = (
            select(VariantRow)
            .where(VariantRow.request_id == request_id)
            .order_by(VariantRow.letter)
        )
        with self._database.reading() as session:
            return [
                read_document(Variant, row.document, f"variant {row.id}")
                for row in session.scalars(query)
            ]

    def of_version(self, slug: str, number: int, most: int = 100) -> Sequence[Variant]:
        """The newest variants that a preset version made."""
        query = (
            select(VariantRow)
            .where(VariantRow.preset_slug == slug, VariantRow.preset_version == number)
            .order_by(VariantRow.id.desc())
            .limit(most)
        )
        with self._database.reading() as session:
            return [
                read_document(Variant, row.document, f"variant {row.id}")
                for row in session.scalars(query)
            ]

    def png(self, variant: Variant) -> bytes:
        return self._pictures.get(variant.picture_sha256)
