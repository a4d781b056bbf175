"""Issue 23, 1: zones of base images, from storing them to the jobs that they are part of."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from studio.app import AppContainer, create_app_container
from studio.errors import InvalidImageError, InvalidInputError, NotFoundError
from studio.imaging.png_io import decode_png
from studio.recipes.base_image import BaseImage, UploadedBaseImage, ZoneImages, Zones
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import MaskArea, MaskSettings
from studio.recipes.themes.preset import Preset
from studio.services.base_images import add_base_image
from studio.services.rendering.render_cache import RenderCache
from studio.services.zones import set_zones
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer

SIZE = (128, 96)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def mask(*box: int, mode: str = "L", size: tuple[int, int] = SIZE) -> bytes:
    area = Image.new(mode, size)
    if box:
        ImageDraw.Draw(area).rectangle(box, fill="white")
    return png(area)


@pytest.fixture
def zoe(studio: AppContainer) -> BaseImage:
    """A base image that an operator has just added, with keypoints."""
    points = studio.stores.base_images.get("mia").keypoints
    return add_base_image(studio.stores.base_images, "zoe", "Zoë", examples.png(SIZE), points)


def preset(studio: AppContainer, area: MaskArea = "garment") -> Preset:
    """The shipped preset; its recipe B has a mask."""
    shipped = studio.stores.themes.get_version("first-light").preset
    recipe = shipped.recipes.B.model_copy(
        update={"mask": MaskSettings(area=area), "control_units": ()}
    )
    return shipped.model_copy(update={"recipes": shipped.recipes.replace("B", recipe)})


def job(studio: AppContainer, area: MaskArea = "garment", slot: str = "B") -> RenderJob:
    request = studio.rendering.request_factory.create(preset(studio, area), "zoe", None, seed=1)
    return next(one for one in plan_jobs(request) if one.slot == slot)


def test_a_zone_is_stored_in_black_and_white_whatever_kind_of_png_it_was(
    studio: AppContainer, zoe: BaseImage
) -> None:
    assert zoe.zones is None
    store = studio.stores.base_images
    stored = {
        set_zones(store, "zoe", ZoneImages(clothes=mask(10, 10, 40, 60, mode=mode))).zones
        for mode in ("L", "1", "RGB", "RGBA", "LA")
    }
    assert len(stored) == 1
    clothes = decode_png(store.read_zones(store.get("zoe")).clothes or b"", "zone")
    assert (clothes.mode, clothes.size, clothes.getbbox()) == ("L", SIZE, (10, 10, 41, 61))
    assert {count for _, count in clothes.getcolors() or ()} == {0, 255}
    assert store.get("zoe").keypoints == zoe.keypoints


def test_an_empty_zone_is_none_and_cleared_zones_stay_cleared(
    studio: AppContainer, zoe: BaseImage
) -> None:
    image = set_zones(studio.stores.base_images, "zoe", ZoneImages(clothes=mask()))
    assert image.zones == Zones()
    set_zones(studio.stores.base_images, "mia", ZoneImages())
    again = create_app_container(studio.settings, FakeRenderer)
    assert again.stores.base_images.get("mia").zones == Zones()
    again.close()


@pytest.mark.parametrize(
    ("clothes", "text"),
    [
        (mask(1, 1, 5, 5, size=(64, 64)), "Clothes zone is 64 x 64 pixels, but its base image is"),
        (b"<svg/>", "Clothes zone is not a PNG"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused_and_nothing_changes(
    studio: AppContainer, zoe: BaseImage, clothes: bytes, text: str
) -> None:
    with pytest.raises(InvalidImageError, match=text):
        set_zones(studio.stores.base_images, "zoe", ZoneImages(clothes=clothes))
    assert studio.stores.base_images.get("zoe").zones is None


def test_zones_of_an_image_that_is_not_there(studio: AppContainer) -> None:
    with pytest.raises(NotFoundError, match="Base image not found"):
        set_zones(studio.stores.base_images, "nobody", ZoneImages())


@pytest.mark.parametrize(
    ("zones", "text"),
    [
        (None, "“Zoë” has no clothes zone. Paint it under Assets › Base images"),
        (ZoneImages(clothes=mask()), "“Zoë” has no clothes zone"),
        (
            ZoneImages(clothes=mask(10, 10, 40, 60), protected=mask(0, 0, 127, 95)),
            "clothes zone of base image “Zoë” is protected completely",
        ),
    ],
)
def test_what_cannot_be_masked_is_refused_before_work(
    studio: AppContainer, zoe: BaseImage, zones: ZoneImages | None, text: str
) -> None:
    if zones is not None:
        set_zones(studio.stores.base_images, "zoe", zones)
    with pytest.raises(InvalidInputError, match=text):
        job(studio)
    results = studio.authoring.deployments.preflight.check(
        studio.stores.themes.save(preset(studio).model_copy(update={"base_images": ("mia", "zoe")}))
    )
    errors = [result for result in results if result.level == "error"]
    [found] = [error for error in errors if "zoe" in str(error.message)]
    assert "Base images" in str(found.hint)


def test_the_zones_are_part_of_the_job(studio: AppContainer, zoe: BaseImage) -> None:
    masks = ZoneImages(clothes=mask(10, 10, 40, 60), protected=mask(0, 0, 127, 5))
    image = set_zones(studio.stores.base_images, "zoe", masks)
    made = job(studio)
    assert made.base_image == image
    assert made.zone_images == studio.stores.base_images.read_zones(image)
    assert job(studio, "off").zone_images == ZoneImages()
    assert RenderJob.model_validate_json(made.model_dump_json()) == made


def test_a_cached_image_depends_on_the_zones_of_recipes_with_a_mask(
    studio: AppContainer, zoe: BaseImage, tmp_path: Path
) -> None:
    cache = RenderCache(tmp_path, studio.rendering.renders)
    keys: dict[str, set[str]] = {"garment": set(), "off": set()}
    for right in (40, 50):
        set_zones(studio.stores.base_images, "zoe", ZoneImages(clothes=mask(10, 10, right, 60)))
        keys["garment"].add(cache.key(job(studio)))
        keys["off"].add(cache.key(job(studio, "off")))
    assert (len(keys["garment"]), len(keys["off"])) == (2, 1)


def test_zones_travel_with_an_exported_theme(studio: AppContainer, tmp_path: Path) -> None:
    other = create_app_container(Settings(data_dir=tmp_path / "other"), FakeRenderer)
    add_base_image(other.stores.base_images, "zoe", "Zoë", examples.png(SIZE))
    image = set_zones(other.stores.base_images, "zoe", ZoneImages(clothes=mask(10, 10, 40, 60)))
    other.stores.themes.save(preset(other).model_copy(update={"base_images": ("zoe",)}))
    file = other.authoring.transfer.export("first-light", None, with_bases=True)
    other.close()
    studio.authoring.transfer.import_theme(file.encode(), "file")
    assert studio.stores.base_images.get("zoe") == image
    assert job(studio).zone_images.clothes is not None
    clothes = studio.stores.base_images.read_zones(image).clothes or b""
    other_mask = base64.urlsafe_b64encode(mask(1, 1, 2, 2)).decode()
    damaged = file.replace(base64.urlsafe_b64encode(clothes).decode(), other_mask)
    assert other_mask in damaged
    with pytest.raises(InvalidInputError, match="zoe"):
        studio.authoring.transfer.import_theme(damaged.encode(), "file")


def test_an_import_gives_zones_only_to_a_base_image_that_never_had_any(
    studio: AppContainer, zoe: BaseImage
) -> None:
    store = studio.stores.base_images
    studio.stores.themes.save(preset(studio).model_copy(update={"base_images": ("zoe",)}))
    set_zones(store, "zoe", ZoneImages(clothes=mask(10, 10, 40, 60)))
    file = studio.authoring.transfer.export("first-light", None, with_bases=True).encode()
    corrected = set_zones(store, "zoe", ZoneImages(clothes=mask(10, 10, 50, 60)))
    studio.authoring.transfer.import_theme(file, "file")
    assert store.get("zoe") == corrected
    store.upsert(zoe, store.read_png(zoe))
    studio.authoring.transfer.import_theme(file, "file")
    assert store.get("zoe").zones != corrected.zones
    assert store.get("zoe").zones is not None


def test_shipped_base_images_have_zones_and_an_older_studio_gets_them(
    studio: AppContainer,
) -> None:
    store = studio.stores.base_images
    for image in store.list_all():
        masks = store.read_zones(image)
        assert masks.clothes
        assert masks.protected
    mia = store.get("mia")
    store.upsert(mia.model_copy(update={"zones": None}), store.read_png(mia))
    own = add_base_image(store, "own", "Own", examples.png(SIZE))
    again = create_app_container(studio.settings, FakeRenderer)
    assert again.stores.base_images.get("mia") == mia
    assert again.stores.base_images.get("own") == own
    again.close()


def test_an_uploaded_base_image_brings_its_zones(studio: AppContainer) -> None:
    create = studio.rendering.request_factory.create
    shipped = preset(studio)
    open_preset = shipped.model_copy(
        update={"safety": shipped.safety.model_copy(update={"allow_base_uploads": True})}
    )
    points = studio.stores.base_images.get("mia").keypoints
    upload = UploadedBaseImage(png=examples.png(SIZE), keypoints=points)
    with pytest.raises(InvalidInputError, match="Send the image's clothes zone"):
        create(open_preset, upload, None)
    zones = ZoneImages(clothes=mask(10, 10, 40, 60, mode="RGB"))
    request = create(open_preset, upload.model_copy(update={"zones": zones}), None)
    assert request.zone_images.clothes is not None
    assert request.base_image.zones != Zones()
    wrong = upload.model_copy(update={"zones": ZoneImages(clothes=mask(1, 1, 2, 2, size=(64, 64)))})
    with pytest.raises(InvalidImageError, match="64 x 64"):
        create(open_preset, wrong, None)
