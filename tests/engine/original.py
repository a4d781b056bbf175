"""Writes diffusers' weights under the names of the original files (CompVis, Stability, OpenCLIP).

Written from those layouts, the other way round than diffusers' own reader, so that the two
check one another.
"""

import re
from collections.abc import Mapping

import torch
from diffusers import DiffusionPipeline

from studio.models.types import ModelFamily

Weights = dict[str, torch.Tensor]

RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}  # fmt: skip
VAE_NAMES = {
    "conv_norm_out": "norm_out", "mid_block.resnets.0": "mid.block_1",
    "mid_block.resnets.1": "mid.block_2", "mid_block.attentions.0": "mid.attn_1",
    "conv_shortcut": "nin_shortcut", "group_norm": "norm", "to_q": "q", "to_k": "k",
    "to_v": "v", "to_out.0": "proj_out",
}  # fmt: skip
OPEN_CLIP = {
    "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}  # fmt: skip


def original_layout(pipe: DiffusionPipeline, family: ModelFamily) -> Weights:
    """The whole of `pipe` as one dictionary of tensors."""
    weights = {f"model.diffusion_model.{k}": v for k, v in unet(pipe.unet).items()}
    weights |= {f"first_stage_model.{k}": v for k, v in vae(pipe.vae).items()}
    if family == "sd15":
        weights |= clip(pipe.text_encoder, "cond_stage_model.transformer.text_model.")
    elif family == "sd21":
        weights |= open_clip(pipe.text_encoder, "cond_stage_model.model.")
    else:
        weights |= clip(pipe.text_encoder, "conditioner.embedders.0.transformer.text_model.")
        weights |= open_clip(pipe.text_encoder_2, "conditioner.embedders.1.model.")
    return {name: value.contiguous().clone() for name, value in weights.items()}


def unet(module: torch.nn.Module) -> Weights:
    state = module.state_dict()
    return {_unet_name(name, state): value for name, value in state.items()}


def _unet_name(name: str, state: Mapping[str, torch.Tensor]) -> str:
    for ours, theirs in UNET_ENDS.items():
        if name.startswith(ours + "."):
            rest = name.removeprefix(ours)
            return theirs + (_resnet(rest) if "resnets" in ours else rest)
    found = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)(\..+)", name)
    assert found, name
    side, block, part, index, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    if side == "down":
        if part == "downsamplers":
            return f"input_blocks.{3 * (block + 1)}.0.op{rest.removeprefix('.conv')}"
        place = f"input_blocks.{3 * block + index + 1}"
    else:
        if part == "upsamplers":
            attends = any(key.startswith(f"up_blocks.{block}.attentions") for key in state)
            return f"output_blocks.{3 * block + 2}.{2 if attends else 1}{rest}"
        place = f"output_blocks.{3 * block + index}"
    return f"{place}.0{_resnet(rest)}" if part == "resnets" else f"{place}.1{rest}"


def _resnet(rest: str) -> str:
    layer, weight = rest.removeprefix(".").split(".")
    return f".{RESNET[layer]}.{weight}"


def vae(module: torch.nn.Module) -> Weights:
    weights = {}
    for name, value in module.state_dict().items():
        theirs = name
        for ours, other in VAE_NAMES.items():
            theirs = re.sub(rf"(^|\.){re.escape(ours)}\.", rf"\g<1>{other}.", theirs)
        theirs = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", theirs)
        theirs = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", theirs)
        theirs = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{3 - int(m[1])}.block.{m[2]}", theirs)  # fmt: skip
        theirs = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample", theirs)  # fmt: skip
        is_projection = re.search(r"attn_1\.(q|k|v|proj_out)\.weight", theirs)
        weights[theirs] = value[:, :, None, None] if is_projection else value
    return weights


def clip(module: torch.nn.Module, prefix: str) -> Weights:
    state = module.state_dict()
    return {prefix + name.removeprefix("text_model."): value for name, value in state.items()}


def open_clip(module: torch.nn.Module, prefix: str) -> Weights:
    state = {name.removeprefix("text_model."): v for name, v in module.state_dict().items()}
    weights = {
        "token_embedding.weight": state.pop("embeddings.token_embedding.weight"),
        "positional_embedding": state.pop("embeddings.position_embedding.weight"),
        "ln_final.weight": state.pop("final_layer_norm.weight"),
        "ln_final.bias": state.pop("final_layer_norm.bias"),
    }
    if "text_projection.weight" in state:
        weights["text_projection"] = state.pop("text_projection.weight").T
    for name, value in state.items():
        found = re.match(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", name)
        assert found, name
        place, layer, kind = f"transformer.resblocks.{found[1]}", found[2], found[3]
        if layer in OPEN_CLIP:
            weights[f"{place}.{OPEN_CLIP[layer]}.{kind}"] = value
        elif layer == "self_attn.q_proj":
            parts = [state[name.replace("q_proj", p)] for p in ("q_proj", "k_proj", "v_proj")]
            weights[f"{place}.attn.in_proj_{kind}"] = torch.cat(parts)
    return {prefix + name: value for name, value in weights.items()}
