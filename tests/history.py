"""Variants for tests of the history, with pictures that carry what made them."""

import hashlib
from typing import Any

from PIL import Image

from studio.imaging.png_metadata import png_with_metadata
from studio.recipes.generation.job import UsedModel
from studio.store.variants import VariantStore
from tests import examples

SHADES = 60


def keep_variants(store: VariantStore, count: int, **changes: Any) -> None:
    """`count` variants of four-job requests, each a page of one colour."""
    for number in range(count):
        variant = examples.variant(
            request_id=f"{number // 4:032x}",
            slot="ABCD"[number % 4],
            prompt=f"a red dress {number}",
            seed=number,
            base_image="ada",
            models=(UsedModel(kind="checkpoint", name="pocket-ink", sha256=examples.HASH),),
            **changes,
        )
        shade = number % SHADES
        image = Image.new("RGB", (64, 64), (255 - 3 * shade, 120, 4 * shade))
        png = png_with_metadata(image, variant.model_dump_json())
        store.add(variant.model_copy(update={"image_sha256": hashlib.sha256(png).hexdigest()}), png)
