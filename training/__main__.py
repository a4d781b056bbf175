"""`python -m training`: draws the data, trains the pocket models and writes them out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Work = Annotated[Path, typer.Option(help="Folder for checkpoints, logs and sheets.")]


@app.callback()
def training() -> None:
    """Draws, trains, exports and evaluates the pocket models."""


@app.command()
def train(model: str, work: Work = Path("build/pocket"), threads: int = 2) -> None:
    """Train one model; resumes where it stopped. In this order: vae, ink, water, reading,
    ink-words, water-words, control (all three ControlNets), pastel, neon, gingham, few-step
    (LoRAs), and evaluator for `evaluate`."""
    import torch

    from training import (
        evaluator_network,
        train_base_model,
        train_controlnets,
        train_lcm_lora,
        train_loras,
        train_text_encoder,
        train_vae,
    )
    from training.lora_effects import EFFECTS
    from training.styles import STYLES
    from training.training_stages import CAPTION_STAGES, DRAWING_STAGES

    stages: dict[str, Callable[[], None]] = {
        "vae": lambda: train_vae.train(work),
        **{
            style: partial(train_base_model.train, work, style, DRAWING_STAGES[style])
            for style in STYLES
        },
        "reading": lambda: train_text_encoder.train(work),
        **{
            f"{style}-words": partial(train_base_model.train, work, style, CAPTION_STAGES[style])
            for style in STYLES
        },
        "control": lambda: train_controlnets.train(work),
        **{name: partial(train_loras.train, work, name) for name in EFFECTS},
        "few-step": lambda: train_lcm_lora.train(work),
        "evaluator": lambda: evaluator_network.train(work),
    }
    if model not in stages:
        raise typer.BadParameter(f"choose one of {', '.join(stages)}")
    torch.set_num_threads(threads)
    stages[model]()


@app.command()
def evaluate(
    presets: Annotated[list[str], typer.Argument(help="Slugs of shipped presets.")],
    work: Work = Path("build/pocket"),
    file: Path = Path("build/evaluation.png"),
    cases: int = 24,
) -> None:
    """Print the figures of shipped presets on doodles never trained on; draw a sheet of each."""
    from training.evaluation import evaluate as measured
    from training.report import sheet, table

    file.parent.mkdir(parents=True, exist_ok=True)
    for slug in presets:
        result = measured(slug, work, cases)
        typer.echo(table(result.metrics) + "\n")
        sheet(result.rows).save(file.with_stem(f"{file.stem}-{slug}"))


@app.command()
def assets(folder: Path = Path("assets")) -> None:
    """Draw the base images and doodles that ship with the product."""
    from training.assets import write_assets

    write_assets(folder)


@app.command()
def export(work: Work = Path("build/pocket"), folder: Path = Path("assets/models")) -> None:
    """Write the trained models as fp16 safetensors into the product's models folder."""
    from training.export import write_models

    write_models(work, folder)


@app.command()
def pictures(folder: Path = Path("assets/models")) -> None:
    """Draw the small pictures that show in the pickers what each shipped model does."""
    from training.preview_images import write_pictures

    write_pictures(folder)


@app.command()
def unpack(folder: Path = Path("assets/models"), work: Work = Path("build/pocket")) -> None:
    """Lay the shipped models into a work folder, to teach them further without old checkpoints."""
    from training.import_checkpoints import unpack_models

    unpack_models(folder, work)


@app.command()
def sheet(preset: str = "first-light", file: Path = Path("build/sheet.png"), seed: int = 1) -> None:
    """Render every shipped doodle with a shipped preset onto one sheet."""
    from training.contact_sheet import write_sheet

    write_sheet(preset, file, seed)


if __name__ == "__main__":
    app()
