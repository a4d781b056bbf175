"""Draws the small pictures that show, in the pickers, what each shipped model does."""

import tempfile
from pathlib import Path

from PIL import Image

from studio.bootstrap import Studio, open_studio
from studio.imaging.controlmaps import lineart_map, scribble_map
from studio.imaging.limits import encode_png, open_png
from studio.imaging.skeleton import draw_skeleton
from studio.recipes.events import Done
from studio.recipes.preset import Letter
from studio.recipes.recipe import LoraUse, ModelRef
from studio.settings import Settings
from studio.settings import shipped as shipped_folder
from training.lora_effects import EFFECTS
from training.train_lcm_lora import NAME as FEW_STEP

SIDE = 128
DOODLE, SEED, CAPTION_STAGES = "star-dress", 5, "a red dress with a star"
LETTERS: dict[str, Letter] = {"ink": "A", "water": "C"}


def write_pictures(folder: Path) -> None:
    """`preview.png` in each model's folder, `<name>.preview.png` beside each LoRA."""
    with tempfile.TemporaryDirectory() as home:
        studio = open_studio(Settings(home=Path(home)))
        for style, letter in LETTERS.items():
            picture = _drawn(studio, letter)
            _write(folder / "checkpoints" / f"pocket-{style}" / "preview.png", picture)
        for name in (*EFFECTS, FEW_STEP):
            trigger = EFFECTS[name].trigger if name in EFFECTS else ""
            _write(folder / "loras" / f"pocket-{name}.preview.png", _drawn(studio, "A", name, trigger))  # fmt: skip
        for name, seen in _maps(studio).items():
            _write(folder / "controlnets" / f"pocket-{name}" / "preview.png", seen)


def _drawn(studio: Studio, letter: Letter, lora: str = "", trigger: str = "") -> Image.Image:
    preset = studio.presets.version("first-light").preset
    if lora:
        use = LoraUse(model=ModelRef(name=f"pocket-{lora}"))
        recipe = preset.recipes[letter].model_copy(update={"loras": (use,)})
        preset = preset.model_copy(update={"recipes": preset.recipes.replace(letter, recipe)})
    doodle = (shipped_folder("assets") / "doodles" / f"{DOODLE}.png").read_bytes()
    words = ", ".join(part for part in (trigger, CAPTION_STAGES) if part)
    request = studio.intake.request(preset, "mia", doodle, words, SEED)
    events = studio.rendering.start(request).events()
    [png] = [e.png for e in events if isinstance(e, Done) and e.letter == letter]
    return open_png(png, "a picture")


def _maps(studio: Studio) -> dict[str, Image.Image]:
    file = shipped_folder("assets") / "doodles" / f"{DOODLE}.png"
    doodle, base = open_png(file.read_bytes(), "the doodle"), studio.bases.get("mia")
    return {
        "scribble": scribble_map(doodle),
        "lineart": lineart_map(doodle),
        "pose": draw_skeleton(base.keypoints or (), base.width, base.height),
    }


def _write(file: Path, picture: Image.Image) -> None:
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    file.write_bytes(encode_png(small))
