"""What an image encoder makes of a reference's image, computed once and cached."""

from dataclasses import dataclass

import torch
from PIL import Image
from torch import nn
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from studio.models.ip_adapter_layout import ImageFeatures


@dataclass(frozen=True)
class EncodedImage:
    """The features of an image, and those that stand for no image under classifier-free guidance.

    (1, width) each where the IP-Adapter takes pooled features, otherwise (1, tokens, width).
    """

    features: torch.Tensor
    none: torch.Tensor

    @property
    def nbytes(self) -> int:
        return self.features.nbytes + self.none.nbytes

    def project(self, projection: nn.Module, is_guided: bool) -> torch.Tensor:
        """The tokens that a UNet attends to, (2, 1, tokens, cross-attention width): of no image and of this
        one. Without guidance (1, 1, tokens, width), of this one alone."""
        device = next(projection.parameters()).device
        features = torch.cat([self.none, self.features]) if is_guided else self.features
        tokens: torch.Tensor = projection(features.to(device))
        return tokens.unsqueeze(1)


def encode_image(
    encoder: CLIPVisionModelWithProjection, image: Image.Image, kind: ImageFeatures
) -> EncodedImage:
    """The features of an RGB image's center square, in the arithmetic of diffusers' pipelines.

    Of no image, pooled features are zeros, and hidden ones what the encoder makes of black.
    """
    size = encoder.config.image_size
    processor = CLIPImageProcessor(size=size, crop_size=size)
    pixels = processor(image, return_tensors="pt").pixel_values
    pixels = pixels.to(device=encoder.device, dtype=encoder.dtype)
    if kind == "pooled":
        embedding = encoder(pixels).image_embeds
        return EncodedImage(embedding, torch.zeros_like(embedding))
    features, none = (
        encoder(image_pixels, output_hidden_states=True).hidden_states[-2]
        for image_pixels in (pixels, torch.zeros_like(pixels))
    )
    return EncodedImage(features, none)
