"""Base images: their rows, and their pixels among the pictures."""

from collections.abc import Sequence

from sqlalchemy import select

from studio.errors import NotFound
from studio.recipes.canvas import BaseImage
from studio.store.database import Database
from studio.store.pictures import PictureFiles
from studio.store.tables import BaseImageRow


class BaseImageStore:
    def __init__(self, database: Database, pictures: PictureFiles) -> None:
        self._database = database
        self._pictures = pictures

    def put(self, image: BaseImage, png: bytes, position: int = 0) -> None:
        """Adds the image, or replaces the one of its id."""
        self._pictures.put(png)
        with self._database.writing() as session:
            session.merge(
                BaseImageRow(
                    id=image.id,
                    name=image.name,
                    width=image.width,
                    height=image.height,
                    sha256=image.sha256,
                    keypoints=image.model_dump(mode="json")["keypoints"],
                    position=position,
                )
            )

    def all(self) -> Sequence[BaseImage]:
        with self._database.reading() as session:
            rows = session.scalars(select(BaseImageRow).order_by(BaseImageRow.position, BaseImageRow.id))  # fmt: skip
            return [_image(row) for row in rows]

    def get(self, image_id: str) -> BaseImage:
        with self._database.reading() as session:
            row = session.get(BaseImageRow, image_id)
            if row is not None:
                return _image(row)
        have = ", ".join(image.id for image in self.all()) or "none"
        raise NotFound(f"no base image named {image_id!r} (there are: {have})")

    def png(self, image: BaseImage) -> bytes:
        return self._pictures.get(image.sha256)


def _image(row: BaseImageRow) -> BaseImage:
    points = row.keypoints
    return BaseImage(
        id=row.id,
        name=row.name,
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        keypoints=None
        if points is None
        else tuple(None if p is None else (p[0], p[1]) for p in points),
    )
