"""`python -m training`: draws the data, trains the pocket models and writes them out."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Work = Annotated[Path, typer.Option(help="Folder for checkpoints, logs and sample sheets.")]
Folder = Annotated[Path, typer.Option(help="Folder for drawn data, 1.2 MB a scene.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


@app.callback()
def training() -> None:
    """Draws, trains, exports and evaluates the pocket models."""


@app.command("all")
def train_family(
    minutes: Annotated[float, typer.Option(help="All of it: data, training and export.")] = 600,
    out: Annotated[Path, typer.Option(help="Where finished models go, a stage at a time.")] = Path(
        "build/models"
    ),
    work: Work = Path("build/pocket"),
    data: Folder = Path("build/scenes"),
    device: Device = "auto",
    scenes: int = 12_000,
    effect_scenes: int = 768,
    captions: int = 24_000,
    workers: Annotated[int, typer.Option(help="Processes that draw; 0: one a core.")] = 0,
    latent_channels: int = 8,
    steps: Annotated[int, typer.Option(help="At most so many steps a stage.")] = 1_000_000,
    scale: Annotated[float, typer.Option(help="Of the batch sizes; under 1 for tests.")] = 1.0,
    first_scenes: Annotated[int, typer.Option(help="The VAE waits for so many scenes.")] = 1024,
) -> None:
    """Train the whole family within `--minutes`; stages that are finished are left as they are."""
    import os

    from training.schedule import Plan, train_all

    plan = Plan(
        minutes,
        scenes,
        effect_scenes,
        captions,
        steps,
        workers or os.cpu_count() or 1,
        latent_channels,
        first_scenes,
    )
    from training.runtime import new_runtime

    train_all(plan, new_runtime(device, scale), work, data, out)


@app.command()
def draw(
    folder: Folder = Path("build/scenes"),
    scenes: int = 12_000,
    effect_scenes: int = 768,
    captions: int = 24_000,
    workers: int = 2,
) -> None:
    """Draw the data that is missing; `all` does so beside the training."""
    from training.scene_store import DataFolder

    DataFolder(folder, scenes, effect_scenes, captions).draw(workers)


@app.command()
def evaluate(
    presets: Annotated[list[str], typer.Argument(help="Slugs of shipped presets.")],
    work: Work = Path("build/pocket"),
    file: Path = Path("build/evaluation.png"),
    cases: int = 24,
) -> None:
    """Print the metrics of shipped presets on doodles never trained on; draw a sheet of each."""
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
    """Write the finished models as fp16 safetensors into the product's models folder."""
    from training.export import export_finished

    export_finished(work, folder)


@app.command()
def pictures(folder: Path = Path("assets/models")) -> None:
    """Draw the small images that show in the pickers what each shipped model does."""
    from training.preview_images import write_pictures

    write_pictures(folder)


@app.command("import")
def import_models(folder: Path = Path("assets/models"), work: Work = Path("build/pocket")) -> None:
    """Lay exported models into a work folder as finished stages, to train others on them."""
    from training.import_checkpoints import import_models as imported

    imported(folder, work)


@app.command()
def sheet(preset: str = "first-light", file: Path = Path("build/sheet.png"), seed: int = 1) -> None:
    """Render every shipped doodle with a shipped preset onto one sheet."""
    from training.contact_sheet import write_sheet

    write_sheet(preset, file, seed)


if __name__ == "__main__":
    app()
