"""What differs between the images of a batch: each is computed as it would be alone."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from studio.engine.control.multi_controlnet import scale_column
from studio.engine.diffusion.guidance import GuidanceScales, guidance_scale_of
from studio.engine.families.base import PromptEmbeddings

DTYPES = [torch.float32, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", DTYPES)
def test_guidance_scales_multiply_each_image_as_a_number_does(dtype: torch.dtype) -> None:
    difference, scales = torch.randn(3, 4, 8, 8).to(dtype), [3.0, 7.3, 1.7]
    product = guidance_scale_of(scales) * difference
    for image, scale, row in zip(difference, scales, product, strict=True):
        assert torch.equal(row, scale * image)


def test_guidance_scales_are_in_full_precision_while_another_thread_loads_a_model() -> None:
    """Loaders set torch's default data type, which is one for the process, to the model's."""
    expected, scales = guidance_scale_of([7.3, 1.7]) * torch.ones(2, 1, 1, 1), [7.3, 1.7]
    torch.set_default_dtype(torch.float16)
    try:
        product = guidance_scale_of(scales) * torch.ones(2, 1, 1, 1, dtype=torch.float32)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(product, expected)


def test_equal_guidance_scales_stay_a_plain_number() -> None:
    assert type(guidance_scale_of([7.0, 7.0])) is float
    several = guidance_scale_of([7.0, 5.0])
    assert isinstance(several, GuidanceScales)
    assert several > 1
    assert several - 1 == 6.0
    assert several * 2 == 14.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_control_weights_multiply_each_image_as_a_number_does(dtype: torch.dtype) -> None:
    residual, weights = torch.randn(3, 4, 8, 8).to(dtype), [0.3, 1.1, 0.0]
    product = (residual * scale_column(weights, residual.device)).to(dtype)
    for image, weight, row in zip(residual, weights, product, strict=True):
        assert torch.equal(row, image * weight)


def test_prompts_are_repeated_to_their_least_common_multiple() -> None:
    torch.manual_seed(0)
    prompts = [
        PromptEmbeddings(
            {"prompt_embeds": torch.randn(1, length, 8), "pooled_prompt_embeds": torch.randn(1, 8)}
        )
        for length in (77, 154, 231)
    ]
    together = PromptEmbeddings.concat(prompts).tensors
    assert together["prompt_embeds"].shape == (3, 462, 8)
    assert together["pooled_prompt_embeds"].shape == (3, 8)
    query = torch.randn(1, 5, 8)
    for prompt, repeated in zip(prompts, torch.split(together["prompt_embeds"], 1), strict=True):
        tokens = prompt.tensors["prompt_embeds"]
        alone = scaled_dot_product_attention(query, tokens, tokens)
        padded = scaled_dot_product_attention(query, repeated, repeated)
        assert torch.allclose(alone, padded, atol=1e-6)
