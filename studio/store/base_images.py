"""Base images: rows in the database, pixels and masks of their zones in the image store."""

from collections.abc import Sequence

from sqlalchemy import select

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.base_image import BaseImage, ZoneImages, Zones
from studio.store.database import Database
from studio.store.images.files import ImageStore
from studio.store.tables import BaseImageRow


class BaseImageStore:
    """The images that users draw on, as operators provide them."""

    def __init__(self, database: Database, images: ImageStore) -> None:
        self._database = database
        self._images = images

    def upsert(self, image: BaseImage, png: bytes, position: int = 0) -> None:
        """Adds an image or replaces the one with its id.

        A replaced image that was retired stays so.

        Args:
            image: its values; `sha256` is the hash of `png`. Zones are stored before
                (`write_zones`).
            png: the pixels.
            position: place in the list, from 0; images at the same position are sorted by id.
        """
        self._images.write(png)
        document = image.model_dump(mode="json")
        with self._database.write_session() as session:
            existing = session.get(BaseImageRow, image.id)
            session.merge(
                BaseImageRow(
                    id=image.id,
                    name=image.name,
                    width=image.width,
                    height=image.height,
                    sha256=image.sha256,
                    keypoints=document["keypoints"],
                    zones=document["zones"],
                    position=position,
                    retired=existing is not None and existing.retired,
                )
            )

    def list_all(self, include_retired: bool = False) -> Sequence[BaseImage]:
        """The images in their order. Retired ones are not offered any more."""
        query = select(BaseImageRow).order_by(BaseImageRow.position, BaseImageRow.id)
        if not include_retired:
            query = query.where(BaseImageRow.retired.is_(False))
        with self._database.read_session() as session:
            return [_image(row) for row in session.scalars(query)]

    def retired_ids(self) -> frozenset[str]:
        """The ids of retired images."""
        query = select(BaseImageRow.id).where(BaseImageRow.retired)
        with self._database.read_session() as session:
            return frozenset(session.scalars(query))

    def set_retired(self, image_id: str, retired: bool = True) -> None:
        """Retires an image or offers it again. Themes that use a retired image keep working.

        Raises NotFoundError, and InvalidInputError for the last image that is offered.
        """
        self.get(image_id)
        if retired and [image.id for image in self.list_all()] == [image_id]:
            raise InvalidInputError("image.last_base_image", name=image_id)
        with self._database.write_session() as session:
            row = session.get_one(BaseImageRow, image_id)
            row.retired = retired

    def get(self, image_id: str) -> BaseImage:
        """The image with this id, retired or not. Raises NotFoundError."""
        with self._database.read_session() as session:
            row = session.get(BaseImageRow, image_id)
            if row is not None:
                return _image(row)
        available = [image.id for image in self.list_all()] or message("list.none")
        raise NotFoundError("image.base_image_not_found", name=image_id, available=available)

    def read_png(self, image: BaseImage) -> bytes:
        """The pixels. Raises NotFoundError when the file is missing."""
        return self._images.get(image.sha256)

    def write_zones(self, masks: ZoneImages) -> Zones:
        """Stores the masks of zones and returns their hashes."""
        hashes = [png and self._images.write(png) for png in (masks.clothes, masks.protected)]
        return Zones(clothes=hashes[0] or None, protected=hashes[1] or None)

    def set_zones(self, image_id: str, masks: ZoneImages) -> BaseImage:
        """Replaces an image's zones. The masks of the old ones stay: variants name them.

        Raises NotFoundError.
        """
        image = self.get(image_id).model_copy(update={"zones": self.write_zones(masks)})
        with self._database.write_session() as session:
            row = session.get_one(BaseImageRow, image_id)
            row.zones = image.model_dump(mode="json")["zones"]
        return image

    def read_zones(self, image: BaseImage) -> ZoneImages:
        """The masks of an image's zones. Raises NotFoundError when a file is missing."""
        zones = image.zones or Zones()
        clothes, protected = (
            None if sha256 is None else self._images.get(sha256)
            for sha256 in (zones.clothes, zones.protected)
        )
        return ZoneImages(clothes=clothes, protected=protected)


def _image(row: BaseImageRow) -> BaseImage:
    points = row.keypoints
    keypoints = (
        None if points is None else tuple(None if p is None else (p[0], p[1]) for p in points)
    )
    return BaseImage(
        id=row.id,
        name=row.name,
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        keypoints=keypoints,
        zones=None if row.zones is None else Zones.model_validate(row.zones),
    )
