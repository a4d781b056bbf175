"""Converts diffusers' weights to the original layouts (CompVis, Stability, OpenCLIP).

Written from those layouts, in the opposite direction of diffusers' own reader, so that the two
verify each other. Tensors keep their shapes but for the projections named below.
"""

import re
from collections.abc import Mapping

import torch
from diffusers import DiffusionPipeline

from studio.models.types import ModelFamily

StateDict = dict[str, torch.Tensor]
"""Weights of any shape by name."""

RESNET_NAMES = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
UNET_NAMES = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
VAE_NAMES = {
    "conv_norm_out": "norm_out",
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.resnets.1": "mid.block_2",
    "mid_block.attentions.0": "mid.attn_1",
    "conv_shortcut": "nin_shortcut",
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
OPEN_CLIP_NAMES = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}


def original_layout(pipe: DiffusionPipeline, family: ModelFamily) -> StateDict:
    """All weights of `pipe` in one state dict (shapes of the original files)."""
    state_dict = {f"model.diffusion_model.{k}": v for k, v in unet(pipe.unet).items()}
    state_dict |= {f"first_stage_model.{k}": v for k, v in vae(pipe.vae).items()}
    if family == "sd15":
        state_dict |= clip(pipe.text_encoder, "cond_stage_model.transformer.text_model.")
    elif family == "sd21":
        state_dict |= open_clip(pipe.text_encoder, "cond_stage_model.model.")
    else:
        state_dict |= clip(pipe.text_encoder, "conditioner.embedders.0.transformer.text_model.")
        state_dict |= open_clip(pipe.text_encoder_2, "conditioner.embedders.1.model.")
    return {name: value.contiguous().clone() for name, value in state_dict.items()}


def unet(module: torch.nn.Module) -> StateDict:
    """A UNet's weights by their original names (shapes unchanged)."""
    state = module.state_dict()
    return {_unet_name(name, state): value for name, value in state.items()}


def _unet_name(name: str, state: Mapping[str, torch.Tensor]) -> str:
    for name_here, original in UNET_NAMES.items():
        if name.startswith(name_here + "."):
            suffix = name.removeprefix(name_here)
            return original + (_resnet(suffix) if "resnets" in name_here else suffix)
    match = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)(\..+)", name)
    assert match, name
    side, part, suffix = match[1], match[3], match[5]
    block, index = int(match[2]), int(match[4])
    if side == "down":
        if part == "downsamplers":
            return f"input_blocks.{3 * (block + 1)}.0.op{suffix.removeprefix('.conv')}"
        prefix = f"input_blocks.{3 * block + index + 1}"
    else:
        if part == "upsamplers":
            has_attention = any(key.startswith(f"up_blocks.{block}.attentions") for key in state)
            return f"output_blocks.{3 * block + 2}.{2 if has_attention else 1}{suffix}"
        prefix = f"output_blocks.{3 * block + index}"
    return f"{prefix}.0{_resnet(suffix)}" if part == "resnets" else f"{prefix}.1{suffix}"


def _resnet(suffix: str) -> str:
    layer, weight = suffix.removeprefix(".").split(".")
    return f".{RESNET_NAMES[layer]}.{weight}"


def vae(module: torch.nn.Module) -> StateDict:
    """A VAE's weights by their original names; attention is (out, in, 1, 1) there."""
    state_dict = {}
    for name, value in module.state_dict().items():
        original = name
        for name_here, name_there in VAE_NAMES.items():
            original = re.sub(rf"(^|\.){re.escape(name_here)}\.", rf"\g<1>{name_there}.", original)
        original = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", original)
        original = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", original)
        original = re.sub(
            r"up_blocks\.(\d)\.resnets\.(\d)",
            lambda m: f"up.{3 - int(m[1])}.block.{m[2]}",
            original,
        )
        original = re.sub(
            r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample", original
        )
        is_projection = re.search(r"attn_1\.(q|k|v|proj_out)\.weight", original)
        state_dict[original] = value[:, :, None, None] if is_projection else value
    return state_dict


def clip(module: torch.nn.Module, prefix: str) -> StateDict:
    """A CLIP text encoder's weights as OpenAI names them (shapes unchanged)."""
    state = module.state_dict()
    return {prefix + name.removeprefix("text_model."): value for name, value in state.items()}


def open_clip(module: torch.nn.Module, prefix: str) -> StateDict:
    """A CLIP text encoder's weights as OpenCLIP names them; queries, keys and values are one.

    Those become (3 x width, width); all other shapes are unchanged.
    """
    state = {name.removeprefix("text_model."): v for name, v in module.state_dict().items()}
    renamed = {
        "token_embedding.weight": state.pop("embeddings.token_embedding.weight"),
        "positional_embedding": state.pop("embeddings.position_embedding.weight"),
        "ln_final.weight": state.pop("final_layer_norm.weight"),
        "ln_final.bias": state.pop("final_layer_norm.bias"),
    }
    if "text_projection.weight" in state:
        renamed["text_projection"] = state.pop("text_projection.weight").T
    for name, value in state.items():
        match = re.match(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", name)
        assert match, name
        block, layer, kind = f"transformer.resblocks.{match[1]}", match[2], match[3]
        if layer in OPEN_CLIP_NAMES:
            renamed[f"{block}.{OPEN_CLIP_NAMES[layer]}.{kind}"] = value
        elif layer == "self_attn.q_proj":
            parts = [state[name.replace("q_proj", p)] for p in ("q_proj", "k_proj", "v_proj")]
            renamed[f"{block}.attn.in_proj_{kind}"] = torch.cat(parts)
    return {prefix + name: value for name, value in renamed.items()}
