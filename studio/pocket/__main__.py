"""`python -m studio.pocket`: draws the data, trains the pocket models and writes them out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Work = Annotated[Path, typer.Option(help="Folder for checkpoints, logs and sheets.")]


@app.callback()
def pocket() -> None:
    """The pocket models' workshop."""


@app.command()
def train(model: str, work: Work = Path("build/pocket"), threads: int = 2) -> None:
    """Train one model; resumes where it stopped. In this order: vae, ink, water, reading,
    ink-words, water-words, control (all three ControlNets), pastel, neon, gingham, few-step
    (LoRAs), and judge for `evaluate`."""
    import torch

    from studio.pocket import base, control, few_step, judge, lora, reading, vae
    from studio.pocket.brushwork import STYLES
    from studio.pocket.courses import DRAWING, WORDS
    from studio.pocket.effects import EFFECTS

    courses: dict[str, Callable[[], None]] = {
        "vae": lambda: vae.train(work),
        **{style: partial(base.train, work, style, DRAWING[style]) for style in STYLES},
        "reading": lambda: reading.train(work),
        **{f"{style}-words": partial(base.train, work, style, WORDS[style]) for style in STYLES},
        "control": lambda: control.train(work),
        **{name: partial(lora.train, work, name) for name in EFFECTS},
        "few-step": lambda: few_step.train(work),
        "judge": lambda: judge.train(work),
    }
    if model not in courses:
        raise typer.BadParameter(f"choose one of {', '.join(courses)}")
    torch.set_num_threads(threads)
    courses[model]()


@app.command()
def evaluate(
    presets: Annotated[list[str], typer.Argument(help="Slugs of shipped presets.")],
    work: Work = Path("build/pocket"),
    file: Path = Path("build/evaluation.png"),
    cases: int = 24,
) -> None:
    """Print the figures of shipped presets on doodles never trained on; draw a sheet of each."""
    from studio.pocket.evaluation import evaluate as measured
    from studio.pocket.report import sheet, table

    file.parent.mkdir(parents=True, exist_ok=True)
    for slug in presets:
        result = measured(slug, work, cases)
        typer.echo(table(result.figures) + "\n")
        sheet(result.rows).save(file.with_stem(f"{file.stem}-{slug}"))


@app.command()
def assets(folder: Path = Path("assets")) -> None:
    """Draw the base images and doodles that ship with the product."""
    from studio.pocket.assets import write_assets

    write_assets(folder)


@app.command()
def export(work: Work = Path("build/pocket"), folder: Path = Path("assets/models")) -> None:
    """Write the trained models as fp16 safetensors into the product's models folder."""
    from studio.pocket.export import write_models

    write_models(work, folder)


@app.command()
def pictures(folder: Path = Path("assets/models")) -> None:
    """Draw the small pictures that show in the pickers what each shipped model does."""
    from studio.pocket.pictures import write_pictures

    write_pictures(folder)


@app.command()
def unpack(folder: Path = Path("assets/models"), work: Work = Path("build/pocket")) -> None:
    """Lay the shipped models into a work folder, to teach them further without old checkpoints."""
    from studio.pocket.unpack import unpack_models

    unpack_models(folder, work)


@app.command()
def sheet(preset: str = "first-light", file: Path = Path("build/sheet.png"), seed: int = 1) -> None:
    """Render every shipped doodle with a shipped preset onto one sheet."""
    from studio.pocket.sheet import write_sheet

    write_sheet(preset, file, seed)


if __name__ == "__main__":
    app()
