"""`python -m studio.pocket`: draws the data, trains the pocket models and writes them out."""

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
    """Train vae, base or control (both ControlNets); resumes where it stopped."""
    import torch

    torch.set_num_threads(threads)
    if model == "vae":
        from studio.pocket import vae

        vae.train(work)
    elif model == "base":
        from studio.pocket import base

        base.train(work)
    elif model == "control":
        from studio.pocket import control

        control.train(work)
    else:
        raise typer.BadParameter("choose vae, base or control")


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
def sheet(preset: str = "first-light", file: Path = Path("build/sheet.png"), seed: int = 1) -> None:
    """Render every shipped doodle with a shipped preset onto one sheet."""
    from studio.pocket.sheet import write_sheet

    write_sheet(preset, file, seed)


if __name__ == "__main__":
    app()
