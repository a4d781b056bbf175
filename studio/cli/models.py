"""`studio models`: which models there are, whether they are whole, and how to be rid of one."""

import json
import shutil
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, confirm, load_settings, print_table, say, say_json
from studio.errors import InvalidInputError, ModelError, NotFoundError

if TYPE_CHECKING:
    from studio.models.catalog import ModelCatalog
    from studio.models.types import ModelInfo

app = typer.Typer(
    no_args_is_help=True, help="Base models, ControlNets, VAEs, LoRAs and pose detectors."
)


class Kind(StrEnum):
    checkpoint = "checkpoint"
    controlnet = "controlnet"
    lora = "lora"
    vae = "vae"
    detector = "detector"


Name = Annotated[str, typer.Argument(help="A model's name, or kind/name where kinds share one.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Every model that can be used: kind, family, size, hash and name."""
    rows = [
        (m.kind, m.family, m.size_bytes, m.sha256 if as_json else m.sha256[:10], m.name)
        for m in _catalog().list_models()
    ]
    print_table(("kind", "family", "bytes", "sha256", "name"), rows, as_json)


@app.command()
def scan(as_json: AsJson = False) -> None:
    """Look through all models folders and say what cannot be used, and why."""
    catalog = _catalog()
    problems = [(str(path), str(reason)) for path, reason in catalog.list_problems()]
    if as_json:
        print_table(("path", "problem"), problems, as_json)
    else:
        for _, reason in problems:
            say(reason)
    say(f"{len(catalog.list_models())} models can be used, {len(problems)} cannot", err=True)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Everything known of one model."""
    model = _one(_catalog(), name)
    known = {**asdict(model), "path": str(model.path), "triggers": list(model.trigger_words)}
    if as_json:
        say_json(json.dumps(known, indent=2))
    else:
        print_table(("what", "is"), list(known.items()), as_json=False)


@app.command()
def pull(
    repo: Annotated[str, typer.Argument(help="owner/name on the model hub.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.checkpoint,
    file: Annotated[str | None, typer.Option(help="One safetensors file of it.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit.")] = None,
    variant: Annotated[str | None, typer.Option(help="Such as fp16, where there is one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it costs, bring nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a model from the hub: says its size first, goes on where it stopped."""
    from studio.models.hub import Hub
    from studio.services.model_downloads import DownloadEstimate

    settings = load_settings()
    hub = Hub(settings.hub_url)
    planned = hub.plan_download(repo, kind.value, file, revision, variant)
    say(f"{len(planned.files)} files, {planned.size_bytes / 1e6:,.1f} MB", err=True)
    if dry_run:
        if as_json:
            cost = DownloadEstimate(
                name=planned.name, files=len(planned.files), bytes=planned.size_bytes
            )
            say_json(cost.model_dump_json())
        return
    if not yes:
        confirm(f"Bring {repo} as {planned.kind} {planned.name}?")
    say(str(hub.download(planned, settings.user_models_dir)))


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="All models if left out.")] = None,
) -> None:
    """Read models to the last byte and compare with the hash from when they were first seen."""
    from studio.models.weights import HashCache, list_weight_files, verify_readable

    catalog = _catalog()
    changed = []
    for model in [_one(catalog, name)] if name else catalog.list_models():
        verify_readable(list_weight_files(model.path))
        same = HashCache(None).sha256_of(list_weight_files(model.path)) == model.sha256
        say(f"{'whole' if same else 'CHANGED':8}{model.kind:12}{model.name}")
        changed += [] if same else [model.name]
    if changed:
        raise ModelError("model.changed_silently", names=changed)


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Delete a model of your own from the disk."""
    settings = load_settings()
    model = _one(_catalog(), name)
    # A folder below may be a link to another disk, which is not the studio's.
    if settings.user_models_dir.resolve() not in (model.path.parent.resolve() / "_").parents:
        from studio.recipes.generation.recipe import KIND_NAMES

        raise InvalidInputError(
            "model.not_removable",
            kind=KIND_NAMES[model.kind],
            name=model.name,
            folder=str(model.path.parent),
            home=str(settings.user_models_dir),
        )
    if not yes:
        confirm(f"Delete {model.path} ({model.size_bytes / 1e6:,.1f} MB)?")
    if model.path.is_dir() and not model.path.is_symlink():
        shutil.rmtree(model.path)
    else:
        model.path.unlink()
    say(f"removed {model.kind} {model.name}")


def _catalog() -> "ModelCatalog":
    from studio.app import load_model_catalog

    return load_model_catalog(load_settings())


def _one(catalog: "ModelCatalog", name: str) -> "ModelInfo":
    """The one model of this name; `kind/name` where several kinds have it."""
    kind, slash, rest = name.partition("/")
    models = catalog.list_models()
    found = [m for m in models if m.name == name or (slash and (m.kind, m.name) == (kind, rest))]
    if not found:
        have = [m.name for m in models] or ["none"]
        raise NotFoundError("cli.model_not_found", name=name, names=have)
    if len(found) > 1:
        kinds = ", ".join(f"{m.kind}/{m.name}" for m in found)
        raise InvalidInputError("cli.model_ambiguous", name=name, names=kinds)
    return found[0]
