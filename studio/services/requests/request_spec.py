"""What a client submits, before it is resolved into a request."""

import hashlib
import json
from dataclasses import dataclass

from studio.recipes.base_image import Sha256, Slug, UploadedBaseImage


@dataclass(frozen=True)
class GenerationRequestSpec:
    """What a client submits. Without a seed one is drawn at random; an idempotency key makes it
    safe to submit again."""

    theme: Slug
    base_image: Slug | UploadedBaseImage
    doodle: bytes | None = None
    user_prompt: str = ""
    seed: int | None = None
    idempotency_key: str | None = None

    @property
    def sha256(self) -> Sha256:
        """A hash of everything but the key: equal when, and only when, the same is submitted
        again."""
        base = self.base_image
        fields = [
            self.theme,
            base if isinstance(base, str) else base.model_dump_json(),
            self.user_prompt,
            self.seed,
            None if self.doodle is None else hashlib.sha256(self.doodle).hexdigest(),
        ]
        return hashlib.sha256(json.dumps(fields).encode()).hexdigest()
