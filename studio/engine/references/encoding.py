"""Encodes the images of a job's references: the encoders are needed only for images that are not cached."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import CLIPVisionModelWithProjection

from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.engine.memory.job_memory import JobMemory
from studio.engine.references.attention import LoadedReference
from studio.engine.references.image_features import EncodedImage, encode_image
from studio.engine.references.ip_adapter import IPAdapter
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.models.image_encoders import ReferenceModels
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import Reference


@dataclass(frozen=True)
class ReferenceParts:
    """A reference with its models, as they were found and as they were read."""

    settings: Reference
    found: ReferenceModels
    adapter: IPAdapter
    encoder: CLIPVisionModelWithProjection


def encode_references(
    job: RenderJob,
    references: Sequence[ReferenceParts],
    memory: JobMemory,
    cache: ByteLRUCache[EncodedImage],
) -> list[LoadedReference]:
    """The references with their images encoded.

    Raises NotFoundError when the job lacks an image, and what `JobMemory.image_encoders` raises.
    """
    return [
        LoadedReference(
            reference.settings, reference.adapter, _encode(job, reference, memory, cache)
        )
        for reference in references
    ]


def _encode(
    job: RenderJob,
    reference: ReferenceParts,
    memory: JobMemory,
    cache: ByteLRUCache[EncodedImage],
) -> EncodedImage:
    sha256, kind = reference.settings.image_sha256, reference.found.layout.features
    encoder = reference.encoder

    def encode() -> EncodedImage:
        image = decode_png(job.control_image(sha256), message("image.reference")).convert("RGB")
        with memory.image_encoders():
            return encode_image(encoder, image, kind)

    key = sha256, reference.found.encoder.sha256, kind, encoder.dtype
    return cache.get_or_create(key, encode)
