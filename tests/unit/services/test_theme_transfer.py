"""Import and export of themes with their base images."""

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
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer


@pytest.fixture
def other(tmp_path: Path) -> AppContainer:
    """A studio elsewhere, with a base image and a preset of its own."""
    container = create_app_container(Settings(data_dir=tmp_path / "other"), FakeRenderer)
    add_base_image(
        container.stores.base_images, "lena", "Lena", examples.png((128, 192), mode="RGB")
    )
    preset = container.stores.themes.get_version("first-light").preset
    lone = preset.model_copy(update={"slug": "lone", "name": "Lone", "base_images": ("lena",)})
    container.stores.themes.save(lone)
    return container


def test_theme_is_imported_with_its_base_images(studio: AppContainer, other: AppContainer) -> None:
    file = other.authoring.transfer.export("lone", None, with_bases=True).encode()
    imported = studio.authoring.transfer.import_theme(file, "lone.json", author="ada")
    assert imported.version.preset == other.stores.themes.get_version("lone").preset
    assert (imported.version.author, imported.version.message) == ("ada", "imported from lone.json")
    assert (imported.base_images, imported.missing) == (("lena",), ())
    assert studio.stores.base_images.read_png(
        studio.stores.base_images.get("lena")
    ) == other.stores.base_images.read_png(other.stores.base_images.get("lena"))
    second = studio.authoring.transfer.import_theme(file, "lone.json")
    assert (second.version.version, second.base_images) == (1, ())


def test_missing_models_and_base_images_are_reported_with_a_hint(
    studio: AppContainer, other: AppContainer
) -> None:
    preset = other.stores.themes.get_version("lone").preset
    recipe = preset.recipes.A.model_copy(update={"base_model": ModelRef(name="dreamy-v8")})
    other.stores.themes.save(
        preset.model_copy(update={"recipes": preset.recipes.replace("A", recipe)})
    )
    imported = studio.authoring.transfer.import_theme(
        other.authoring.transfer.export("lone", 2, with_bases=False).encode(), "x"
    )
    model, base = map(str, imported.missing)
    assert "studio models pull OWNER/dreamy-v8" in model
    assert "Base image not found: “lena”" in base


# Issue 18, 17 (review 4.8).
def test_loras_in_prompts_are_reported_as_missing_too(
    studio: AppContainer, other: AppContainer
) -> None:
    preset = other.stores.themes.get_version("lone").preset
    recipe = preset.recipes.B.model_copy(
        update={"prompt_template": "<lora:春日 (v2):0.5> {prompt}"}
    )
    changed = preset.model_copy(
        update={
            "base_images": (),
            "theme_prompt": "soft <lora:gone:1>, <lora:pocket-neon:0.3>",
            "recipes": preset.recipes.replace("B", recipe),
        }
    )
    other.stores.themes.save(changed)
    file = other.authoring.transfer.export("lone", 2, with_bases=False).encode()
    theme_lora, template_lora = map(
        str, studio.authoring.transfer.import_theme(file, "lone.json").missing
    )
    assert "LoRA not found: “gone”" in theme_lora
    assert "LoRA not found: “春日 (v2)”" in template_lora


@pytest.mark.parametrize("prompt", ["<lora:a:1>" * 390, "<lora:../a>", "<lora:a:9>"])
def test_preset_with_invalid_lora_tags_is_not_imported(
    studio: AppContainer, other: AppContainer, prompt: str
) -> None:
    preset = other.stores.themes.get_version("lone").preset.model_copy(
        update={"theme_prompt": prompt}
    )
    with pytest.raises(
        InvalidDocumentError, match=r"Preset file lone\.json is invalid: Recipe A: "
    ):
        studio.authoring.transfer.import_theme(preset.to_json().encode(), "lone.json")
    with pytest.raises(NotFoundError):
        studio.stores.themes.get_version("lone")


def test_missing_base_images_are_looked_up_once(
    studio: AppContainer, other: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []
    list_all = studio.stores.base_images.list_all

    def record_call(include_retired: bool = False) -> Sequence[BaseImage]:
        calls.append(include_retired)
        return list_all(include_retired)

    monkeypatch.setattr(studio.stores.base_images, "list_all", record_call)
    monkeypatch.delattr(type(studio.stores.base_images), "get")
    image_ids = ("mia", *(f"base-{number}" for number in range(90)))
    preset = other.stores.themes.get_version("lone").preset.model_copy(
        update={"base_images": image_ids}
    )
    missing = studio.authoring.transfer.import_theme(preset.to_json().encode(), "lone.json").missing
    assert len(missing) == 90
    assert all(len(str(line)) < 200 for line in missing)
    assert len(calls) == 1


# Issue 23, 3: images of control units did not travel before.
def test_images_of_control_units_and_references_travel_with_the_theme(
    studio: AppContainer, other: AppContainer
) -> None:
    store = other.rendering.request_factory.store_control_image
    images = [store(examples.png((64, 64), (shade, 8, 7, 255))) for shade in (1, 2)]
    preset = other.stores.themes.get_version("lone").preset
    recipe = preset.recipes.C.model_copy(
        update={
            "control_units": (examples.unit(source="image", image_sha256=images[0]),),
            "references": (examples.reference(image_sha256=images[1]),),
        }
    )
    other.stores.themes.save(
        preset.model_copy(update={"recipes": preset.recipes.replace("C", recipe)})
    )
    alone = other.authoring.transfer.export("lone", None, with_bases=False).encode()
    missing = list(map(str, studio.authoring.transfer.import_theme(alone, "lone.json").missing))
    for sha256 in images:
        assert any(sha256[:10] in line for line in missing)
    whole = other.authoring.transfer.export("lone", None, with_bases=True)
    damaged = json.loads(whole)
    damaged["control_images"][1]["sha256"] = "ef" * 32
    with pytest.raises(InvalidDocumentError, match="Image efefefefef in the file is damaged"):
        studio.authoring.transfer.import_theme(json.dumps(damaged).encode(), "lone.json")
    imported = studio.authoring.transfer.import_theme(whole.encode(), "lone.json")
    assert [str(line) for line in imported.missing if "IP-Adapter" not in str(line)] == []
    for sha256 in images:
        assert studio.stores.images.get(sha256) == other.stores.images.get(sha256)


def test_invalid_file_saves_nothing(studio: AppContainer, other: AppContainer) -> None:
    file = json.loads(other.authoring.transfer.export("lone", None, with_bases=True))
    cases: list[tuple[dict[str, object], type[Exception]]] = [
        ({"png": "bm8gcGljdHVyZQ=="}, InvalidDocumentError),
        ({"image": file["base_images"][0]["image"] | {"width": 64}}, InvalidDocumentError),
        ({"image": file["base_images"][0]["image"] | {"id": "../lena"}}, InvalidDocumentError),
    ]
    for changes, error in cases:
        broken = {**file, "base_images": [file["base_images"][0] | changes]}
        with pytest.raises(error):
            studio.authoring.transfer.import_theme(json.dumps(broken).encode(), "lone.json")
    with pytest.raises(NotFoundError):
        studio.stores.themes.get_version("lone")
    with pytest.raises(NotFoundError):
        studio.stores.base_images.get("lena")


def test_base_image_of_the_same_id_is_never_replaced(
    studio: AppContainer, other: AppContainer
) -> None:
    add_base_image(
        studio.stores.base_images, "lena", "Another", examples.png((128, 192), (1, 2, 3), "RGB")
    )
    file = other.authoring.transfer.export("lone", None, with_bases=True).encode()
    with pytest.raises(InvalidInputError, match="different base image “lena” already exists"):
        studio.authoring.transfer.import_theme(file, "lone.json")
    with pytest.raises(NotFoundError):
        studio.stores.themes.get_version("lone")


def test_base_image_that_is_no_png_is_refused(studio: AppContainer, other: AppContainer) -> None:
    file = json.loads(other.authoring.transfer.export("lone", None, with_bases=True))
    bundled = file["base_images"][0]
    bundled["png"] = "bm8gcGljdHVyZQ=="
    bundled["image"]["sha256"] = hashlib.sha256(b"no picture").hexdigest()
    with pytest.raises(InvalidImageError, match="Base image “lena” in the file is not a PNG"):
        studio.authoring.transfer.import_theme(json.dumps(file).encode(), "lone.json")


def test_preset_for_all_base_images_exports_all(other: AppContainer) -> None:
    preset = other.stores.themes.get_version("lone").preset
    other.stores.themes.save(preset.model_copy(update={"slug": "any", "base_images": ()}))
    file = json.loads(other.authoring.transfer.export("any", None, with_bases=True))
    assert len(file["base_images"]) == len(other.stores.base_images.list_all())
