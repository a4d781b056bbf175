"""The families of base models the engine runs, a module each."""

from collections.abc import Mapping
from types import MappingProxyType

from studio.engine.dialect import Dialect
from studio.engine.families.sd3 import SD3
from studio.engine.families.sdxl import SDXL
from studio.engine.families.stable_diffusion import STABLE_DIFFUSION
from studio.library.models import Family

DIALECTS: Mapping[Family, Dialect] = MappingProxyType(
    {
        "pocket": STABLE_DIFFUSION,
        "sd15": STABLE_DIFFUSION,
        "sd21": STABLE_DIFFUSION,
        "sdxl": SDXL,
        "sd3": SD3,
        # Diffusers folders of an unusual text width are Stable Diffusion by their class.
        "unknown": STABLE_DIFFUSION,
    }
)
