"""`studio models`: list, check, download, verify and remove models."""

import json
import shutil
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import (
    AsJson,
    Yes,
    confirm,
    load_settings,
    print_json,
    print_line,
    print_table,
)
from studio.errors import InvalidInputError, ModelError, NotFoundError

if TYPE_CHECKING:
    from studio.models.catalog import ModelCatalog
    from studio.models.types import ModelInfo

app = typer.Typer(
    no_args_is_help=True,
    help="Manage base models, ControlNets, VAEs, LoRAs, IP-Adapters and detectors.",
)


class ModelKind(StrEnum):
    """The values of `ModelType` (`recipes/generation/recipe.py`), which is too heavy for
    `--help`."""

    checkpoint = "checkpoint"
    controlnet = "controlnet"
    lora = "lora"
    vae = "vae"
    detector = "detector"
    ip_adapter = "ip_adapter"
    image_encoder = "image_encoder"


Name = Annotated[
    str, typer.Argument(help="Name of a model, or kind/name where several kinds share it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show size only.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the usable models: kind, family, size, hash and name."""
    rows = [
        (
            model.kind,
            model.family,
            model.size_bytes,
            model.sha256 if as_json else model.sha256[:10],
            model.name,
        )
        for model in _hashed(_catalog()).list_models()
    ]
    print_table(("kind", "family", "bytes", "sha256", "name"), rows, as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Report unusable models."""
    catalog = _catalog()
    problems = [(str(path), str(reason)) for path, reason in catalog.list_problems()]
    if as_json:
        print_table(("path", "problem"), problems, as_json)
    else:
        for _, reason in problems:
            print_line(reason)
    print_line(f"{len(catalog.list_models())} usable, {len(problems)} unusable", err=True)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show the details of a model."""
    model = _resolve_model(_catalog(), name)
    details = {**asdict(model), "path": str(model.path), "triggers": list(model.trigger_words)}
    if as_json:
        print_json(json.dumps(details, indent=2))
    else:
        print_table(("field", "value"), list(details.items()), as_json=False)


@app.command()
def pull(
    repo: Annotated[str, typer.Argument(help="owner/name on the model hub.")],
    kind: Annotated[ModelKind, typer.Option(help="Kind of the model.")] = ModelKind.checkpoint,
    file: Annotated[
        str | None, typer.Option(help="A single safetensors file; default: all required files.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit; default: the main branch.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Variant of the weights, e.g. fp16; default: none.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Download a model (shows size first; resumes)."""
    from studio.models.hub import Hub
    from studio.services.model_downloads import DownloadEstimate

    settings = load_settings()
    hub = Hub(settings.hub_url)
    plan = hub.plan_download(repo, kind.value, file, revision, variant)
    print_line(f"{len(plan.files)} files, {plan.size_bytes / 1e6:,.1f} MB", err=True)
    if dry_run:
        if as_json:
            estimate = DownloadEstimate(
                name=plan.name, files=len(plan.files), bytes=plan.size_bytes
            )
            print_json(estimate.model_dump_json())
        return
    if not yes:
        confirm(f"Download {repo} as {plan.kind} {plan.name}?")
    print_line(hub.download(plan, settings.user_models_dir))


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="Default: all models.")] = None,
) -> None:
    """Read models completely and compare their SHA-256 with the recorded one."""
    from studio.models.weights import HashCache, list_weight_files, verify_readable

    catalog = _catalog()
    changed = []
    for model in [_resolve_model(catalog, name)] if name else catalog.list_models():
        verify_readable(list_weight_files(model.path))
        is_same = HashCache(None).sha256_of(list_weight_files(model.path)) == model.sha256
        print_line(f"{'ok' if is_same else 'CHANGED':8}{model.kind:12}{model.name}")
        changed += [] if is_same else [model.name]
    if changed:
        raise ModelError("model.changed_with_same_mtime", names=changed)


@app.command()
def remove(name: Name, yes: Yes = False) -> None:
    """Delete a user model."""
    settings = load_settings()
    model = _resolve_model(_catalog(), name)
    # A directory below may be a link to another disk, which does not belong to the studio.
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
    print_line(f"deleted {model.kind} {model.name}")


def _hashed(catalog: "ModelCatalog") -> "ModelCatalog":
    """The catalog, after several models at once have been hashed."""
    from studio.models.background_hashing import BackgroundHashing

    hashing = BackgroundHashing(catalog)
    hashing.start()
    hashing.wait()
    return catalog


def _catalog() -> "ModelCatalog":
    from studio.composition.models import load_model_catalog

    return load_model_catalog(load_settings())


def _resolve_model(catalog: "ModelCatalog", name: str) -> "ModelInfo":
    """The model of this name, or of this `kind/name`.

    Raises NotFoundError if there is none, InvalidInputError if models of several kinds have the
    name.
    """
    kind, slash, base_name = name.partition("/")
    models = catalog.list_models()
    matches = [
        model
        for model in models
        if model.name == name or (slash and (model.kind, model.name) == (kind, base_name))
    ]
    if not matches:
        available = [model.name for model in models] or ["none"]
        raise NotFoundError("cli.model_not_found", name=name, names=available)
    if len(matches) > 1:
        names = ", ".join(f"{model.kind}/{model.name}" for model in matches)
        raise InvalidInputError("cli.model_ambiguous", name=name, names=names)
    return matches[0]
