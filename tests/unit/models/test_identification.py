"""Files are identified by their headers: names and shapes of real layouts, with empty weights."""

import json
from pathlib import Path

import pytest

from studio.errors import CorruptModelError, IncompatibleModelError, ModelError
from studio.models.identification import ModelIdentity, identify_model
from studio.models.safetensors_file import read_header

Shapes = dict[str, tuple[int, ...]]
UNET = "model.diffusion_model."


def write(file: Path, shapes: Shapes, metadata: dict[str, str] | None = None) -> Path:
    """A safetensors file whose tensors have these shapes in the header, and no data."""
    document: dict[str, object] = {
        name: {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]}
        for name, shape in shapes.items()
    }
    if metadata:
        document["__metadata__"] = metadata
    header = json.dumps(document).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(len(header).to_bytes(8, "little") + header)
    return file


SD1 = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
SD2 = "cond_stage_model.model.ln_final.weight"
XL = "conditioner.embedders.1.model.ln_final.weight"


def checkpoint(text_encoder: str = SD1, channels: int = 4, width: int = 768) -> Shapes:
    return {
        text_encoder: (width,),
        f"{UNET}input_blocks.0.0.weight": (320, channels, 3, 3),
        f"{UNET}input_blocks.4.1.transformer_blocks.0.attn1.to_k.weight": (640, 640),
        f"{UNET}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, width),
        "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    }


PLUS: Shapes = {"latents": (1, 16, 768), "proj_in.weight": (768, 1280)}
FULL_FACE: Shapes = {
    "proj.0.weight": (1280, 1280),
    "proj.2.weight": (768, 1280),
    "proj.3.weight": (768,),
}


def ip_adapter(projection: Shapes | None = None, width: int = 768, features: int = 1024) -> Shapes:
    plain: Shapes = {"proj.weight": (4 * width, features), "norm.weight": (width,)}
    return {
        **{f"image_proj.{name}": shape for name, shape in (projection or plain).items()},
        **{f"ip_adapter.{i}.to_{x}_ip.weight": (320, width) for i in (1, 3) for x in "kv"},
    }


KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight"
PEFT = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"
KNOWN: dict[str, tuple[Shapes, ModelIdentity]] = {
    "SD 1.5": (checkpoint(SD1), ModelIdentity("checkpoint", "sd15")),
    "SD 2.1": (checkpoint(SD2, width=1024), ModelIdentity("checkpoint", "sd21")),
    "SDXL": (checkpoint(XL, width=2048), ModelIdentity("checkpoint", "sdxl")),
    "SDXL, velocity": (
        checkpoint(XL) | {"v_pred": ()},
        ModelIdentity("checkpoint", "sdxl", prediction_type="v_prediction"),
    ),
    "kohya LoRA": ({KOHYA: (16, 768)}, ModelIdentity("lora", "sd15")),
    "kohya LoRA for SDXL": ({KOHYA: (16, 2048)}, ModelIdentity("lora", "sdxl")),
    "LoRA of SDXL's text encoder": (
        {"lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 1280)},
        ModelIdentity("lora", "sdxl"),
    ),
    "diffusers LoRA": ({PEFT: (8, 128)}, ModelIdentity("lora", "pocket")),
    "ControlNet, original layout": (
        {
            "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
            "control_model.zero_convs.0.0.weight": (320, 320, 1, 1),
        },
        ModelIdentity("controlnet", "sd15"),
    ),
    "ControlNet, original layout without prefix": (
        {
            "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 1024),
            "zero_convs.0.0.weight": (320, 320, 1, 1),
        },
        ModelIdentity("controlnet", "sd21"),
    ),
    "ControlNet for SDXL, original layout without prefix": (
        {"zero_convs.0.0.weight": (320, 320, 1, 1), "label_emb.0.0.weight": (1280, 2816)},
        ModelIdentity("controlnet", "sdxl"),
    ),
    "ControlNet for SDXL": (
        {
            "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
            "add_embedding.linear_1.weight": (1280, 2816),
        },
        ModelIdentity("controlnet", "sdxl"),
    ),
    "ControlNet, diffusers layout": (
        {
            "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
            "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (320, 1024),
        },
        ModelIdentity("controlnet", "sd21"),
    ),
    "IP-Adapter": (ip_adapter(), ModelIdentity("ip_adapter", "sd15")),
    "IP-Adapter for SDXL": (ip_adapter(width=2048), ModelIdentity("ip_adapter", "sdxl")),
    "IP-Adapter plus": (ip_adapter(PLUS), ModelIdentity("ip_adapter", "sd15")),
    "IP-Adapter full face": (ip_adapter(FULL_FACE), ModelIdentity("ip_adapter", "sd15")),
    "IP-Adapter for SD 3.5": (
        ip_adapter(PLUS, width=2048) | {"ip_adapter.1.norm_ip.linear.weight": (2, 2)},
        ModelIdentity("ip_adapter", "sd3"),
    ),
    "VAE": ({"decoder.conv_in.weight": (512, 4, 3, 3)}, ModelIdentity("vae", "unknown")),
}


@pytest.mark.parametrize("name", KNOWN)
def test_file_is_identified_by_its_header(tmp_path: Path, name: str) -> None:
    shapes, identity = KNOWN[name]
    assert identify_model(write(tmp_path / "model.safetensors", shapes)) == identity


@pytest.mark.parametrize(
    ("metadata", "yaml", "prediction"),
    [
        ({"modelspec.prediction_type": "v"}, None, "v_prediction"),
        ({"modelspec.prediction_type": "epsilon"}, None, "epsilon"),
        ({}, 'parameterization: "v"', "v_prediction"),
        ({}, "parameterization: eps", "epsilon"),
        ({}, None, None),
    ],
)
def test_prediction_type_from_header_or_yaml_sidecar(
    tmp_path: Path, metadata: dict[str, str], yaml: str | None, prediction: str | None
) -> None:
    file = write(tmp_path / "model.safetensors", checkpoint(SD2), metadata)
    if yaml:
        file.with_suffix(".yaml").write_text(f"model:\n  params:\n    {yaml}\n")
    assert identify_model(file).prediction_type == prediction


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        (checkpoint(channels=9), "inpainting"),
        (checkpoint("conditioner.embedders.0.model.ln_final.weight"), "a refiner"),
        (checkpoint(XL) | {"edm_mean": (1, 4, 1, 1), "edm_std": (1, 4, 1, 1)}, "EDM"),
        (checkpoint(XL) | {"edm_vpred.sigma_max": ()}, "EDM"),
        (
            {"zero_convs.0.0.weight": (320, 320, 1, 1), "lora_controlnet": ()},
            "a Control-LoRA",
        ),
        (
            {"lllite_unet_input_blocks_4_1_x_attn1_to_q.down.0.weight": (16, 640)},
            "ControlNet-LLLite",
        ),
        (
            {"controlnet_blocks.0.weight": (1536, 1536), "pos_embed_input.proj.weight": (1536, 17)},
            "a ControlNet for a transformer",
        ),
        (
            {"double_blocks.0.img_attn.qkv.weight": (9216, 3072), "controlnet_blocks.0.weight": ()},
            "a ControlNet for a transformer",
        ),
        ({"body.0.block1.weight": (320, 320, 3, 3), "conv_in.weight": ()}, "a T2I-Adapter"),
        (
            {"zero_convs.0.0.weight": (), "task_embedding": (6, 320)},
            "a ControlNet-Union",
        ),
        ({f"{UNET}joint_blocks.0.x": (1,)}, "single-file Stable Diffusion 3"),
        ({"double_blocks.0.img_attn.qkv.weight": (9216, 3072)}, "contains only the transformer"),
        ({"emb_params": (4, 768)}, "is not a base model, VAE"),
        ({}, "is not a base model, VAE"),
    ],
)
def test_incompatible_file_is_refused_with_the_reason(
    tmp_path: Path, shapes: Shapes, reason: str
) -> None:
    with pytest.raises(IncompatibleModelError, match=f"model.safetensors .*{reason}"):
        identify_model(write(tmp_path / "model.safetensors", shapes))


# Issue 23, 3: what is no complete IP-Adapter, or needs what the studio does not have.
@pytest.mark.parametrize(
    ("shapes", "error", "reason"),
    [
        (
            ip_adapter({"proj.0.weight": (1024, 512), "proj.2.weight": (3072, 1024), "norm.weight": (768,)}),
            IncompatibleModelError,
            "FaceID",
        ),
        (
            ip_adapter({"perceiver_resampler.proj_in.weight": (768, 1280)}),
            IncompatibleModelError,
            "FaceID",
        ),
        (ip_adapter({"layers.weight": (4, 4)}), IncompatibleModelError, "an unknown layout"),
        ({"image_proj.proj.weight": (3072, 1024)}, CorruptModelError, "not a complete"),
        (
            ip_adapter() | {"ip_adapter.1.to_v_ip.weight": (320, 1024)},
            CorruptModelError,
            "not a complete",
        ),
        (ip_adapter() | {"ip_adapter.5.to_k_ip.weight": ()}, CorruptModelError, "not a complete"),
        (ip_adapter() | {"image_proj.proj.weight": ()}, CorruptModelError, "not a complete"),
        (ip_adapter({"latents": (1, 16, 768)}), CorruptModelError, "not a complete"),
        (ip_adapter({"proj.weight": (999, 1024)}), CorruptModelError, "not a complete"),
    ],
)  # fmt: skip
def test_damaged_and_unusable_ip_adapters_are_refused(
    tmp_path: Path, shapes: Shapes, error: type[ModelError], reason: str
) -> None:
    with pytest.raises(error, match=f"model.safetensors .*{reason}"):
        identify_model(write(tmp_path / "model.safetensors", shapes))


def test_trigger_words_from_metadata(tmp_path: Path) -> None:
    spec = write(
        tmp_path / "a.safetensors", {PEFT: (8, 128)}, {"modelspec.trigger_phrase": "pastel, soft"}
    )
    assert identify_model(spec).trigger_words == ("pastel", "soft")
    tags = json.dumps({"10_neon": {"glow": 4, "neon": 10}, "5_more": {"glow": 3}})
    kohya = write(tmp_path / "b.safetensors", {KOHYA: (8, 768)}, {"ss_tag_frequency": tags})
    assert identify_model(kohya).trigger_words == ("neon", "glow")


@pytest.mark.parametrize("tags", ["not json", "[]", '{"a": 3}', '{"a": {"b": "many"}}'])
def test_malformed_kohya_tags_give_no_trigger_words(tmp_path: Path, tags: str) -> None:
    file = write(tmp_path / "b.safetensors", {KOHYA: (8, 768)}, {"ss_tag_frequency": tags})
    assert identify_model(file).trigger_words == ()


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, (3).to_bytes(8, "little") + b"abc", (2).to_bytes(8, "little") + b"[]"])  # fmt: skip
def test_non_safetensors_file_is_corrupt(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.safetensors"
    file.write_bytes(content)
    with pytest.raises(CorruptModelError, match=r"broken\.safetensors"):
        read_header(file)


def test_incomplete_download_is_truncated(tmp_path: Path) -> None:
    file = tmp_path / "half.safetensors"
    header = json.dumps({"w": {"dtype": "F16", "shape": [8], "data_offsets": [0, 16]}}).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 7)
    with pytest.raises(CorruptModelError, match="is incomplete"):
        read_header(file)
