"""Issue 23, 3: references by IP-Adapters are diffusers' bit for bit, and leave nothing behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from diffusers import (
    StableDiffusionXLControlNetImg2ImgPipeline,
    StableDiffusionXLImg2ImgPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionModelWithProjection

from studio.app import AppContainer
from studio.engine.diffusion.latent_start import (
    LatentControlNetImg2ImgPipeline,
    LatentImg2ImgPipeline,
)
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.references.attention import LoadedReference, references_plugged_in
from studio.engine.references.image_features import EncodedImage
from studio.engine.references.ip_adapter import load_ip_adapter
from studio.engine.results import RenderListener
from studio.errors import IncompatibleModelError, JobCancelledError, NotFoundError
from studio.imaging.png_io import encode_png
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelFamily
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ModelRef, Reference
from studio.settings import bundled_path
from tests.engine import tiny
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import Pixels, pixels
from tests.engine.simulated_gpu import SimulatedGpu, out_of_memory
from tests.engine.simulated_graphs import SimulatedGraphBackend
from tests.engine.tiny_references import POOLED, AdapterKind, write_image_encoder, write_ip_adapter

FAMILIES: tuple[ModelFamily, ...] = ("sd15", "sdxl")
PIPELINES = {
    ("sd15", False): LatentImg2ImgPipeline,
    ("sd15", True): LatentControlNetImg2ImgPipeline,
    ("sdxl", False): StableDiffusionXLImg2ImgPipeline,
    ("sdxl", True): StableDiffusionXLControlNetImg2ImgPipeline,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models of three families, their ControlNets, IP-Adapters of each layout, an image encoder."""
    directory = tmp_path_factory.mktemp("models")
    for family in ("sd15", "sdxl", "sd3"):
        tiny.write_folder(family, directory, family)
    for family in FAMILIES:
        tiny.tiny_controlnet(family).save_pretrained(directory / "controlnets" / f"{family}-net")
        for kind in get_args(AdapterKind):
            write_ip_adapter(directory, family, kind, f"{family}-{kind}")
    write_image_encoder(directory)
    return directory


@pytest.fixture(scope="module")
def harness(shipped_studio: AppContainer, models: Path) -> RenderHarness:
    catalog = ModelCatalog((bundled_path("assets") / "models", models), HashCache(None))
    return RenderHarness(shipped_studio, catalog, Engine(catalog, "cpu"))


def picture(seed: int = 0) -> Image.Image:
    values = torch.randint(0, 256, (40, 56, 3), generator=torch.Generator().manual_seed(seed))
    return Image.fromarray(values.to(torch.uint8).numpy())


def reference(
    harness: RenderHarness, adapter: str, seed: int = 0, **changes: Any
) -> dict[str, Any]:
    sha256 = harness.images.write(encode_png(picture(seed)))
    return {"model": {"name": adapter}, "image_sha256": sha256, "purpose": "garment"} | changes


def job(harness: RenderHarness, family: str, **changes: Any) -> RenderJob:
    settings: dict[str, Any] = {
        "width": 64,
        "height": 64,
        "steps": 4,
        "denoising_strength": 0.75,
        "guidance_scale": 3.0,
        "control_units": (),
        "sampler": "Euler",
    } | changes
    return harness.job(base_model=ModelRef(name=family), **settings)


def render(harness: RenderHarness, family: str, **changes: Any) -> Pixels:
    return pixels(harness.render(job(harness, family, **changes)).image)


def unit(family: str, **changes: Any) -> dict[str, Any]:
    return {"model": {"name": f"{family}-net"}, "preprocessor": "scribble", **changes}


Call = tuple[Any, dict[str, Any], torch.Tensor]
"""A pipeline, what it was called with, and its latents."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The engine's calls of pipelines."""
    recorded: list[Call] = []

    def record(pipeline: type[Any]) -> None:
        real: Callable[..., Any] = pipeline.__call__

        def call(self: Any, **kwargs: Any) -> Any:
            output = real(self, **kwargs)
            recorded.append((self, kwargs, output.images))
            return output

        monkeypatch.setattr(pipeline, "__call__", call)

    for pipeline in dict.fromkeys(PIPELINES.values()):
        record(pipeline)
    return recorded


def plain_latents(
    call: Call,
    family: ModelFamily,
    models: Path,
    adapters: list[str],
    scale: Any,
    pictures: list[Image.Image],
    on_step: Callable[[Any, int], None] = lambda _pipe, _step: None,
) -> torch.Tensor:
    """What diffusers alone makes of the same inputs, with its own loader of IP-Adapters."""
    engines, kwargs, _ = call
    parts: dict[str, Any] = dict(tiny.tiny(family).components)
    parts["scheduler"] = type(engines.scheduler).from_config(engines.scheduler.config)
    parts["image_encoder"] = CLIPVisionModelWithProjection.from_pretrained(
        models / "image_encoders" / "tiny-vit"
    )
    parts["feature_extractor"] = None
    has_units = "control_image" in kwargs
    if has_units:
        parts["controlnet"] = [tiny.tiny_controlnet(family)]
    if family == "sd15":
        parts["requires_safety_checker"] = False
    pipe = PIPELINES[family, has_units](**parts)
    pipe.set_progress_bar_config(disable=True)
    files = [load_file(models / "ip_adapters" / f"{name}.safetensors") for name in adapters]
    pipe.load_ip_adapter(
        [
            {
                part: {
                    name.removeprefix(f"{part}."): tensor
                    for name, tensor in weights.items()
                    if name.startswith(part)
                }
                for part in ("image_proj", "ip_adapter")
            }
            for weights in files
        ],
        subfolder="",
        weight_name=adapters,
        image_encoder_folder=None,
    )
    pipe.set_ip_adapter_scale(scale)
    own = ("callback_on_step_end", "callback_on_step_end_tensor_inputs", "ip_adapter_image_embeds")
    arguments = {name: value for name, value in kwargs.items() if name not in own}
    seeds = [generator.initial_seed() for generator in kwargs["generator"]]
    arguments["generator"] = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]

    def on_step_end(pipe: Any, step: int, _timestep: Any, tensors: Any) -> Any:
        on_step(pipe, step)
        return tensors

    with torch.no_grad():
        latents: torch.Tensor = pipe(
            **arguments, ip_adapter_image=pictures, callback_on_step_end=on_step_end
        ).images
    return latents


@pytest.mark.parametrize(
    ("family", "kind", "changes"),
    [
        ("sd15", "plain", {}),
        ("sd15", "plus", {"guidance_scale": 1.0}),
        ("sd15", "full-face", {"sampler": "DPM++ 2M"}),
        ("sd15", "plus", {"control_units": [unit("sd15")]}),
        ("sdxl", "plus", {}),
        ("sdxl", "plain", {"guidance_scale": 1.0, "sampler": "Heun"}),
        ("sdxl", "plain", {"control_units": [unit("sdxl")]}),
    ],
)
def test_a_reference_is_diffusers_ip_adapter_bit_for_bit(
    harness: RenderHarness,
    models: Path,
    calls: list[Call],
    family: ModelFamily,
    kind: str,
    changes: dict[str, Any],
) -> None:
    name = f"{family}-{kind}"
    references = [reference(harness, name, weight=0.7)]
    image = render(harness, family, references=references, **changes)
    expected = plain_latents(calls[0], family, models, [name], 0.7, [picture()])
    assert torch.equal(calls[0][2], expected)
    assert (image != render(harness, family, **changes)).any()


def test_several_references_act_on_the_blocks_of_their_purposes(
    harness: RenderHarness, models: Path, calls: list[Call]
) -> None:
    """The tiny SDXL has two blocks; in the real one these are `down.block_2` and `up.block_0`."""
    names = ["sdxl-plus", "sdxl-plain", "sdxl-plus"]
    purposes, weights = ["style", "composition", "face"], [0.8, 0.5, 0.3]
    render(
        harness,
        "sdxl",
        references=[
            reference(harness, name, seed, purpose=purpose, weight=weight)
            for seed, (name, purpose, weight) in enumerate(
                zip(names, purposes, weights, strict=True)
            )
        ],
    )
    scales = [{"up": {"block_0": [0.0, 0.8, 0.0]}}, {"down": {"block_1": [0.0, 0.5]}}, 0.3]
    pictures = [picture(seed) for seed in range(3)]
    expected = plain_latents(calls[0], "sdxl", models, names, scales, pictures)
    assert torch.equal(calls[0][2], expected)


def test_style_and_composition_of_stable_diffusion_1_are_blocks(
    harness: RenderHarness, models: Path, calls: list[Call]
) -> None:
    names = ["sd15-plain", "sd15-plain"]
    references = [
        reference(harness, "sd15-plain", 0, purpose="style", weight=0.8),
        reference(harness, "sd15-plain", 1, purpose="composition", weight=0.5),
    ]
    render(harness, "sd15", references=references)
    scales = [{"up": {"block_1": 0.8}}, {"down": {"block_0": 0.5}}]
    expected = plain_latents(calls[0], "sd15", models, names, scales, [picture(0), picture(1)])
    assert torch.equal(calls[0][2], expected)


def test_a_reference_acts_within_its_steps(
    harness: RenderHarness, models: Path, calls: list[Call]
) -> None:
    references = [reference(harness, "sd15-plain", weight=0.9, start=0.25, end=0.75)]
    render(harness, "sd15", steps=8, denoising_strength=1.0, references=references)

    def on_step(pipe: Any, step: int) -> None:
        pipe.set_ip_adapter_scale(0.9 if 2 <= step + 1 < 6 else 0.0)

    expected = plain_latents(calls[0], "sd15", models, ["sd15-plain"], 0.0, [picture()], on_step)
    assert torch.equal(calls[0][2], expected)


def test_a_unet_is_as_it_was_after_references_were_plugged_into_it(models: Path) -> None:
    unet = tiny.tiny("sdxl").unet
    catalog = ModelCatalog((models,), HashCache(None))
    adapter = load_ip_adapter(catalog.get("ip_adapter", ModelRef(name="sdxl-plain")), torch.float32)
    features = torch.zeros(1, POOLED)
    settings = Reference(model=ModelRef(name="sdxl-plain"), image_sha256="ab" * 32)
    loaded = LoadedReference(settings, adapter, EncodedImage(features, features))

    def state() -> list[Any]:
        modules = {name: (id(one), sorted(vars(one))) for name, one in unet.named_modules()}
        processors = {name: id(one) for name, one in unet.attn_processors.items()}
        config = unet.config
        return [modules, processors, vars(config), dict(config), unet.encoder_hid_proj]

    before = state()
    with references_plugged_in(unet, [loaded]):
        assert state() != before
    assert state() == before
    with pytest.raises(KeyError), references_plugged_in(unet, [loaded]):
        raise KeyError
    assert state() == before


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_nothing_of_a_reference_is_left_behind(
    harness: RenderHarness, models: Path, family: str
) -> None:
    references = [reference(harness, f"{family}-plus", purpose="style")]
    before = render(harness, family)
    state_of_torch = torch.get_rng_state()
    with_reference = render(harness, family, references=references)
    assert (with_reference != before).any()
    with pytest.raises(JobCancelledError):
        harness.render(job(harness, family, references=references), should_cancel=lambda: True)
    assert torch.equal(torch.get_rng_state(), state_of_torch)
    fresh = RenderHarness(harness.studio, harness.catalog, Engine(harness.catalog, "cpu"))
    assert (render(harness, family) == before).all()
    assert (render(fresh, family) == before).all()
    assert (render(fresh, family, references=references) == with_reference).all()


def test_a_reference_that_is_off_changes_nothing(harness: RenderHarness) -> None:
    before = render(harness, "sd15")
    switched_off: tuple[dict[str, Any], ...] = ({"weight": 0.0}, {"start": 0.5, "end": 0.5})
    for off in switched_off:
        result = harness.render(
            job(harness, "sd15", references=[reference(harness, "sd15-plain", **off)])
        )
        assert (pixels(result.image) == before).all()
        assert [model.kind for model in result.models] == ["checkpoint"]


def test_the_variant_names_its_ip_adapter_and_image_encoder(harness: RenderHarness) -> None:
    references = [reference(harness, "sd15-plain"), reference(harness, "sd15-plain", 1)]
    models = harness.render(job(harness, "sd15", references=references)).models
    assert [(model.kind, model.name) for model in models] == [
        ("checkpoint", "sd15"),
        ("ip_adapter", "sd15-plain"),
        ("image_encoder", "tiny-vit"),
    ]


def test_an_image_is_encoded_once_for_all_adapters_that_take_the_same_features(
    shipped_studio: AppContainer, harness: RenderHarness
) -> None:
    fresh = RenderHarness(shipped_studio, harness.catalog, Engine(harness.catalog, "cpu"))
    for name in ("sd15-plus", "sd15-full-face", "sd15-plus"):
        render(fresh, "sd15", references=[reference(fresh, name)])
    stats = fresh.engine.status().encoded_images
    assert (stats.misses, stats.hits) == (1, 2)
    render(fresh, "sd15", references=[reference(fresh, "sd15-plain")])
    assert fresh.engine.status().encoded_images.misses == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"guidance_end_fraction": 0.5},
        {"deepcache_interval": 2, "steps": 8, "guidance_end_fraction": 0.5},
        {"upscale": {"enabled": True, "scale_factor": 1.5, "steps": 3}},
        {"guidance_rescale": 0.7},
        {"mask": {"area": "doodle", "grow": 4, "feather": 2}},
    ],
)
@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_it_works_with_everything_else(
    harness: RenderHarness, family: str, changes: dict[str, Any]
) -> None:
    units = [unit(family, weight=0.8)]
    references = [reference(harness, f"{family}-plus"), reference(harness, f"{family}-plain", 1)]
    without = render(harness, family, control_units=units, **changes)
    image = render(harness, family, control_units=units, references=references, **changes)
    assert (image != without).any()
    assert (render(harness, family, control_units=units, **changes) == without).all()


def test_composition_and_garment_take_no_part_in_face_restoration(
    harness: RenderHarness,
) -> None:
    repair = {"face_repair": {"enabled": True, "render_size": 64}, "denoising_strength": 0.0}
    before = render(harness, "sd15", **repair)
    for purpose, takes_part in {
        "garment": False,
        "composition": False,
        "style": True,
        "face": True,
    }.items():
        references = [reference(harness, "sd15-plain", purpose=purpose, weight=2.0)]
        image = render(harness, "sd15", references=references, **repair)
        assert (image != before).any() == takes_part, purpose


def test_jobs_of_a_batch_have_the_reference_each(harness: RenderHarness) -> None:
    references = [reference(harness, "sd15-plus", weight=1.5)]
    jobs = [
        job(harness, "sd15", references=references).model_copy(update={"seed": seed})
        for seed in (1, 2, 3)
    ]
    base = decode(harness.studio.stores.base_images.read_png(jobs[0].base_image))
    assert jobs[0].doodle is not None
    doodle = decode(jobs[0].doodle.png_bytes)
    results = harness.engine.render_batch(jobs, base, doodle, [RenderListener()] * 3)
    for one, result in zip(jobs, results, strict=True):
        alone = pixels(harness.render(one).image)
        assert abs(pixels(result.image) - alone).max() <= 1


def test_weights_and_windows_are_recordings_of_their_own(harness: RenderHarness) -> None:
    backend = SimulatedGraphBackend()
    limits = CacheLimits(max_device_models=1, graph_bytes=100)
    engine = Engine(harness.catalog, "cpu", limits, mover=SimulatedGpu(), graph_backend=backend)
    graphed = RenderHarness(harness.studio, harness.catalog, engine)

    def captures(**changes: Any) -> int:
        before = backend.captures
        settings = {"steps": 8, "denoising_strength": 1.0, "control_units": [unit("sdxl")]}
        image = render(graphed, "sdxl", **settings, **changes)
        assert (image == render(harness, "sdxl", **settings, **changes)).all()
        return backend.captures - before

    whole = [reference(harness, "sdxl-plus")]
    assert captures() == 2  # The step, and the VAE.
    assert captures(references=whole) == 1
    assert captures(references=[reference(harness, "sdxl-plus", seed=1)]) == 0
    assert captures(references=whole, guidance_end_fraction=0.5) == 1
    assert captures(references=[reference(harness, "sdxl-plus", end=0.5)]) == 1
    assert captures(references=[reference(harness, "sdxl-plus", weight=0.9)]) == 1
    assert captures() == 0


def test_what_does_not_fit_is_refused_before_anything_is_loaded(
    shipped_studio: AppContainer, harness: RenderHarness, models: Path, tmp_path: Path
) -> None:
    def refuse(family: str, adapter: str, error: type[Exception], reason: str) -> None:
        with pytest.raises(error, match=reason):
            render(fresh, family, references=[reference(fresh, adapter)])

    fresh = RenderHarness(shipped_studio, harness.catalog, Engine(harness.catalog, "cpu"))
    refuse("sd15", "sdxl-plain", IncompatibleModelError, "“sdxl-plain” makes tokens of width 80")
    refuse("sd3", "sd15-plain", IncompatibleModelError, "“sd3” .* does not support references")
    for file in ("ip_adapters", "checkpoints"):
        (tmp_path / file).symlink_to(models / file)
    fresh.catalog = ModelCatalog((bundled_path("assets") / "models", tmp_path), HashCache(None))
    fresh.engine = Engine(fresh.catalog, "cpu")
    refuse("sd15", "sd15-plain", NotFoundError, "needs an image encoder .* width 24")
    assert fresh.engine.status().base_models.misses == 0


def test_an_adapter_of_another_unet_is_refused_by_its_layers(
    harness: RenderHarness, models: Path
) -> None:
    weights = load_file(models / "ip_adapters" / "sd15-plain.safetensors")
    short = {name: tensor for name, tensor in weights.items() if ".1.to_" not in name}
    save_file(short, models / "ip_adapters" / "short.safetensors")
    before = render(harness, "sd15")
    with pytest.raises(IncompatibleModelError, match="“short” is for another base model"):
        render(harness, "sd15", references=[reference(harness, "short")])
    assert (render(harness, "sd15") == before).all()


def test_out_of_memory_ends_with_the_unet_block_by_block_and_the_same_pixels(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layers of the IP-Adapter are in the blocks then."""
    changes = {"references": [reference(harness, "sd15-plus")]}
    expected, without = render(harness, "sd15", **changes), render(harness, "sd15")
    engine = Engine(harness.catalog, "cpu", mover=SimulatedGpu())
    tight = RenderHarness(harness.studio, harness.catalog, engine)
    real = UNet2DConditionModel.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        if "denoiser_by_blocks" not in engine.status().oom_steps:
            raise out_of_memory()
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(UNet2DConditionModel, "forward", forward)
        assert (render(tight, "sd15", **changes) == expected).all()
    assert set(engine.status().oom_steps) == {"evict", "text_encoders_off", "denoiser_by_blocks"}
    assert (render(tight, "sd15") == without).all()
    assert (render(tight, "sd15", **changes) == expected).all()
