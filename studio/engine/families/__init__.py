"""The model families the engine runs, one module each."""

from collections.abc import Mapping
from types import MappingProxyType

from studio.engine.families.base import ModelFamilySpec
from studio.engine.families.sd1 import STABLE_DIFFUSION
from studio.engine.families.sd3 import SD3
from studio.engine.families.sdxl import SDXL
from studio.models.types import ModelFamily

MODEL_FAMILIES: Mapping[ModelFamily, ModelFamilySpec] = MappingProxyType(
    {
        "pocket": STABLE_DIFFUSION,
        "sd15": STABLE_DIFFUSION,
        "sd21": STABLE_DIFFUSION,
        "sdxl": SDXL,
        "sd3": SD3,
        # Folders of StableDiffusionPipeline with an unusual cross-attention dimension.
        "unknown": STABLE_DIFFUSION,
    }
)
