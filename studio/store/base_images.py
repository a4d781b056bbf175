"""Base images: their rows, and their pixels among the pictures."""

from collections.abc import Sequence

from sqlalchemy import select

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.base_image import BaseImage
from studio.store.database import Database
from studio.store.images.files import ImageStore
from studio.store.tables import BaseImageRow


class BaseImageStore:
    def __init__(self, database: Database, images: ImageStore) -> None:
        self._database = database
        self._images = images

    def upsert(self, image: BaseImage, png: bytes, position: int = 0) -> None:
        """Adds the image, or replaces the one of its id, which stays retired if it was."""
        self._images.write(png)
        with self._database.write_session() as session:
            before = session.get(BaseImageRow, image.id)
            session.merge(
                BaseImageRow(
                    id=image.id,
                    name=image.name,
                    width=image.width,
                    height=image.height,
                    sha256=image.sha256,
                    keypoints=image.model_dump(mode="json")["keypoints"],
                    position=position,
                    retired=before is not None and before.retired,
                )
            )

    def list_all(self, with_retired: bool = False) -> Sequence[BaseImage]:
        """In their order; what is retired is not offered any more, and left out unless asked for."""
        query = select(BaseImageRow).order_by(BaseImageRow.position, BaseImageRow.id)
        if not with_retired:
            query = query.where(BaseImageRow.retired.is_(False))
        with self._database.read_session() as session:
            return [_image(row) for row in session.scalars(query)]

    def retired_ids(self) -> frozenset[str]:
        """The ids of retired images."""
        query = select(BaseImageRow.id).where(BaseImageRow.retired)
        with self._database.read_session() as session:
            return frozenset(session.scalars(query))

    def set_retired(self, image_id: str, retired: bool = True) -> None:
        """Takes an image out of what is offered, or back in; presets that use it go on.

        Raises NotFound, and InputError for the last one that is offered.
        """
        self.get(image_id)
        if retired and [image.id for image in self.list_all()] == [image_id]:
            raise InvalidInputError("image.last_base_image", name=image_id)
        with self._database.write_session() as session:
            row = session.get_one(BaseImageRow, image_id)
            row.retired = retired

    def get(self, image_id: str) -> BaseImage:
        with self._database.read_session() as session:
            row = session.get(BaseImageRow, image_id)
            if row is not None:
                return _image(row)
        available = [image.id for image in self.list_all()] or message("list.none")
        raise NotFoundError("image.base_image_not_found", name=image_id, available=available)

    def read_png(self, image: BaseImage) -> bytes:
        return self._images.get(image.sha256)


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
