"""Which attention blocks of a UNet carry what a reference is for (InstantStyle, Wang et al., 2024)."""

from diffusers import UNet2DConditionModel
from torch import nn

from studio.recipes.generation.recipe import ReferencePurpose


def block_prefix(unet: UNet2DConditionModel, purpose: ReferencePurpose) -> str:
    """The beginning of the names of the attention layers that a reference acts on; empty for all.

    Style is in the first upward block with attention, composition in the last downward one. Of SDXL's,
    which have many layers, it is one transformer each: `up_blocks.0.attentions.1` and
    `down_blocks.2.attentions.1`.
    """
    if purpose not in ("style", "composition"):
        return ""
    path, blocks = (
        ("up_blocks", list(unet.up_blocks))
        if purpose == "style"
        else ("down_blocks", list(unet.down_blocks))
    )
    with_attention = [index for index, block in enumerate(blocks) if _has_attention(block)]
    index = with_attention[0] if purpose == "style" else with_attention[-1]
    if unet.config.addition_embed_type != "text_time":
        return f"{path}.{index}."
    count = len(blocks[index].attentions)
    return f"{path}.{index}.attentions.{count // 2 if purpose == 'style' else count - 1}."


def _has_attention(block: nn.Module) -> bool:
    return bool(getattr(block, "has_cross_attention", False))
