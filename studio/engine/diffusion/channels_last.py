"""The memory format in which graphics cards convolve fastest: channels_last."""

import torch
from torch import nn


def use_channels_last(module: nn.Module) -> None:
    """Puts the weights of convolutions (4 dimensions) into channels_last, each in its own storage.

    Takes no further memory, and nothing at all where it was done before. A model that went to RAM
    comes back contiguous, since its host copies are.
    """
    for weight in module.parameters():
        # A kernel of 1 x 1 is in both formats at once.
        if (
            weight.ndim == 4
            and weight.is_contiguous()
            and not weight.is_contiguous(memory_format=torch.channels_last)
        ):
            _reorder(weight)


def _reorder(weight: nn.Parameter) -> None:
    """(out, in, height, width), contiguous; values, shape and storage stay."""
    data = weight.data
    _, channels, height, width = data.shape
    strides = (channels * height * width, 1, width * channels, channels)
    reordered = data.as_strided(data.shape, strides, data.storage_offset())
    reordered.copy_(data.clone())
    weight.data = reordered
