"""Draws the small pictures that show, in the pickers, what each shipped model does."""

import tempfile
from pathlib import Path

from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.imaging.control_maps import lineart_map, scribble_map
from studio.imaging.openpose_renderer import render_openpose_map
from studio.imaging.png_io import decode_png, encode_png
from studio.recipes.generation.events import JobCompleted
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.recipes.themes.preset import Slot
from studio.settings import Settings
from studio.settings import bundled_path as shipped_folder
from training.lora_effects import EFFECTS
from training.train_lcm_lora import NAME as FEW_STEP

SIDE = 128
DOODLE, SEED, CAPTION_STAGES = "star-dress", 5, "a red dress with a star"
LETTERS: dict[str, Slot] = {"ink": "A", "water": "C"}


def write_pictures(folder: Path) -> None:
    """`preview.png` in each model's folder, `<name>.preview.png` beside each LoRA."""
    with tempfile.TemporaryDirectory() as home:
        studio = create_app_container(Settings(home=Path(home)))
        for style, letter in LETTERS.items():
            picture = _drawn(studio, letter)
            _write(folder / "checkpoints" / f"pocket-{style}" / "preview.png", picture)
        for name in (*EFFECTS, FEW_STEP):
            trigger = EFFECTS[name].trigger if name in EFFECTS else ""
            _write(
                folder / "loras" / f"pocket-{name}.preview.png", _drawn(studio, "A", name, trigger)
            )
        for name, seen in _maps(studio).items():
            _write(folder / "controlnets" / f"pocket-{name}" / "preview.png", seen)


def _drawn(studio: AppContainer, letter: Slot, lora: str = "", trigger: str = "") -> Image.Image:
    preset = studio.stores.themes.get_version("first-light").preset
    if lora:
        use = LoraSettings(model=ModelRef(name=f"pocket-{lora}"))
        recipe = preset.recipes[letter].model_copy(update={"loras": (use,)})
        preset = preset.model_copy(update={"recipes": preset.recipes.replace(letter, recipe)})
    doodle = (shipped_folder("assets") / "doodles" / f"{DOODLE}.png").read_bytes()
    words = ", ".join(part for part in (trigger, CAPTION_STAGES) if part)
    request = studio.rendering.request_factory.create(preset, "mia", doodle, words, SEED)
    events = studio.rendering.renders.start(request).events()
    [png] = [e.png for e in events if isinstance(e, JobCompleted) and e.slot == letter]
    return decode_png(png, "a picture")


def _maps(studio: AppContainer) -> dict[str, Image.Image]:
    file = shipped_folder("assets") / "doodles" / f"{DOODLE}.png"
    doodle, base = decode_png(file.read_bytes(), "the doodle"), studio.stores.base_images.get("mia")
    return {
        "scribble": scribble_map(doodle),
        "lineart": lineart_map(doodle),
        "pose": render_openpose_map(base.keypoints or (), base.width, base.height),
    }


def _write(file: Path, picture: Image.Image) -> None:
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    file.write_bytes(encode_png(small))
