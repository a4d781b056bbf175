"""Plugs LoRAs into a pipeline for one job and takes them out again, however it ends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from diffusers import StableDiffusionPipeline

from studio.errors import UnfitModel
from studio.library.models import Model


@contextmanager
def plugged(pipe: StableDiffusionPipeline, loras: Sequence[tuple[Model, float]]) -> Iterator[None]:
    """Side-car adapters, never fused: unplugging restores the base model bit for bit.

    Raises UnfitModel, naming the file, when its keys or shapes do not fit the base model.
    """
    if not loras:
        yield
        return
    names = [f"lora_{index}" for index in range(len(loras))]
    try:
        for name, (model, _) in zip(names, loras, strict=True):
            _attach(pipe, name, model)
        pipe.set_adapters(names, [weight for _, weight in loras])
        yield
    finally:
        pipe.unload_lora_weights()


def _attach(pipe: StableDiffusionPipeline, name: str, model: Model) -> None:
    try:
        pipe.load_lora_weights(model.path.parent, weight_name=model.path.name, adapter_name=name, local_files_only=True)  # fmt: skip
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UnfitModel(
            f"LoRA {model.name!r} does not fit this base model ({reason}): choose one made for it"
        ) from error
    listed = pipe.get_list_adapters()
    if not any(name in adapters for adapters in listed.values()):
        raise UnfitModel(
            f"LoRA {model.name!r} changes no layer of this base model: choose one made for it"
        )
