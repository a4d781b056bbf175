"""A theme leaves one studio as a file and is taken in by another, base images and all."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from studio.app import AppContainer, create_app_container
from studio.errors import InvalidDocumentError, InvalidImageError, InvalidInputError, NotFoundError
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.recipe import ModelRef
from studio.services.base_images import add_base_image
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from tests import examples


@pytest.fixture
def other(tmp_path: Path) -> AppContainer:
    """A studio elsewhere, with a base image and a preset of its own."""
    opened = create_app_container(Settings(data_dir=tmp_path / "other"), FakeRenderer)
    add_base_image(opened.base_images, "lena", "Lena", examples.png((128, 192), mode="RGB"))
    preset = opened.themes.get_version("first-light").preset
    lone = preset.model_copy(update={"slug": "lone", "name": "Lone", "base_images": ("lena",)})
    opened.themes.save(lone)
    return opened


def test_a_theme_is_taken_in_with_its_base_images(
    studio: AppContainer, other: AppContainer
) -> None:
    file = other.theme_transfer.export("lone", None, with_bases=True).encode()
    taken = studio.theme_transfer.import_theme(file, "lone.json", author="ada")
    assert taken.version.preset == other.themes.get_version("lone").preset
    assert (taken.version.author, taken.version.message) == ("ada", "imported from lone.json")
    assert (taken.base_images, taken.missing) == (("lena",), ())
    assert studio.base_images.read_png(
        studio.base_images.get("lena")
    ) == other.base_images.read_png(other.base_images.get("lena"))
    again = studio.theme_transfer.import_theme(file, "lone.json")
    assert (again.version.version, again.base_images) == (1, ())


def test_what_is_missing_here_is_told_with_the_remedy(
    studio: AppContainer, other: AppContainer
) -> None:
    preset = other.themes.get_version("lone").preset
    recipe = preset.recipes.A.model_copy(update={"base_model": ModelRef(name="dreamy-v8")})
    other.themes.save(preset.model_copy(update={"recipes": preset.recipes.replace("A", recipe)}))
    taken = studio.theme_transfer.import_theme(
        other.theme_transfer.export("lone", 2, with_bases=False).encode(), "x"
    )
    model, base = map(str, taken.missing)
    assert "studio models pull OWNER/dreamy-v8" in model
    assert "no base image named 'lena'" in base


# Issue 18, 17 (review 4.8).
def test_loras_that_prompts_call_are_missing_models_too(
    studio: AppContainer, other: AppContainer
) -> None:
    preset = other.themes.get_version("lone").preset
    recipe = preset.recipes.B.model_copy(
        update={"prompt_template": "<lora:春日 (v2):0.5> {prompt}"}
    )
    asked = preset.model_copy(
        update={
            "base_images": (),
            "theme_prompt": "soft <lora:gone:1>, <lora:pocket-neon:0.3>",
            "recipes": preset.recipes.replace("B", recipe),
        }
    )
    other.themes.save(asked)
    file = other.theme_transfer.export("lone", 2, with_bases=False).encode()
    gone, called = map(str, studio.theme_transfer.import_theme(file, "lone.json").missing)
    assert "no lora named 'gone'" in gone
    assert "no lora named '春日 (v2)'" in called


@pytest.mark.parametrize("prompt", ["<lora:a:1>" * 390, "<lora:../a>", "<lora:a:9>"])
def test_what_no_recipe_could_draw_is_not_taken_in(
    studio: AppContainer, other: AppContainer, prompt: str
) -> None:
    preset = other.themes.get_version("lone").preset.model_copy(update={"theme_prompt": prompt})
    with pytest.raises(
        InvalidDocumentError, match=r"preset file lone\.json does not hold: recipe A: "
    ):
        studio.theme_transfer.import_theme(preset.to_json().encode(), "lone.json")
    with pytest.raises(NotFoundError):
        studio.themes.get_version("lone")


def test_missing_base_images_are_asked_for_once(
    studio: AppContainer, other: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    all_of = studio.base_images.list_all

    def asked_for(include_retired: bool = False) -> Sequence[BaseImage]:
        asked.append(include_retired)
        return all_of(include_retired)

    monkeypatch.setattr(studio.base_images, "list_all", asked_for)
    monkeypatch.delattr(type(studio.base_images), "get")
    named = ("mia", *(f"base-{number}" for number in range(90)))
    preset = other.themes.get_version("lone").preset.model_copy(update={"base_images": named})
    missing = studio.theme_transfer.import_theme(preset.to_json().encode(), "lone.json").missing
    assert len(missing) == 90
    assert all(len(str(line)) < 200 for line in missing)
    assert len(asked) == 1


def test_nothing_is_saved_of_a_file_that_does_not_hold(
    studio: AppContainer, other: AppContainer
) -> None:
    file = json.loads(other.theme_transfer.export("lone", None, with_bases=True))
    cases: list[tuple[dict[str, object], type[Exception]]] = [
        ({"png": "bm8gcGljdHVyZQ=="}, InvalidDocumentError),
        ({"image": file["base_images"][0]["image"] | {"width": 64}}, InvalidDocumentError),
        ({"image": file["base_images"][0]["image"] | {"id": "../lena"}}, InvalidDocumentError),
    ]
    for changes, error in cases:
        broken = {**file, "base_images": [file["base_images"][0] | changes]}
        with pytest.raises(error):
            studio.theme_transfer.import_theme(json.dumps(broken).encode(), "lone.json")
    with pytest.raises(NotFoundError):
        studio.themes.get_version("lone")
    with pytest.raises(NotFoundError):
        studio.base_images.get("lena")


def test_a_base_image_of_the_same_name_is_never_replaced(
    studio: AppContainer, other: AppContainer
) -> None:
    add_base_image(
        studio.base_images, "lena", "Another", examples.png((128, 192), (1, 2, 3), "RGB")
    )
    file = other.theme_transfer.export("lone", None, with_bases=True).encode()
    with pytest.raises(InvalidInputError, match="there is another base image 'lena' here"):
        studio.theme_transfer.import_theme(file, "lone.json")
    with pytest.raises(NotFoundError):
        studio.themes.get_version("lone")


def test_pixels_that_are_no_image_are_refused(studio: AppContainer, other: AppContainer) -> None:
    file = json.loads(other.theme_transfer.export("lone", None, with_bases=True))
    packed = file["base_images"][0]
    packed["png"] = "bm8gcGljdHVyZQ=="
    packed["image"]["sha256"] = hashlib.sha256(b"no picture").hexdigest()
    with pytest.raises(InvalidImageError, match="base image 'lena' of the file is not a PNG"):
        studio.theme_transfer.import_theme(json.dumps(file).encode(), "lone.json")


def test_a_preset_for_every_base_takes_all_along(other: AppContainer) -> None:
    preset = other.themes.get_version("lone").preset
    other.themes.save(preset.model_copy(update={"slug": "any", "base_images": ()}))
    file = json.loads(other.theme_transfer.export("any", None, with_bases=True))
    assert len(file["base_images"]) == len(other.base_images.list_all())
