"""HTML next to a recipe's fields: notes about the chosen models, and control maps."""

import html

from studio.models.types import ModelInfo
from studio.server.routers.models import model_preview_url
from studio.services.rendering.control_map_preview import ControlMapPreview
from studio.ui.components import to_data_url
from studio.ui.texts import Texts


def render_model_note(model: ModelInfo | None, texts: Texts, with_image: bool = False) -> str:
    """The note under a model's dropdown: preview image, family, size, hash and trigger words."""
    if model is None:
        return ""
    url = model_preview_url(model.kind, model.name)
    image = f'<img src="{url}" alt="">' if with_image else ""
    return (
        f'<div class="model-note">{image}<span>{html.escape(_describe(model, texts))}</span></div>'
    )


def _describe(model: ModelInfo, texts: Texts) -> str:
    in_gb = model.size_bytes >= 1e9
    size = f"{model.size_bytes / 1e9:.1f} GB" if in_gb else f"{model.size_bytes / 1e6:.1f} MB"
    identity = f"{model.family} · {size} · {model.sha256[:10]}"
    if not model.trigger_words:
        return identity
    return texts("studio.trigger_words", model=identity, words=", ".join(model.trigger_words))


def render_control_map(preview: ControlMapPreview, texts: Texts) -> str:
    """The control map that a unit gets, or why it has none."""
    name = html.escape(preview.unit)
    if preview.png is None:
        reason = html.escape(texts.of(preview.reason or ""))
        return f"<figure><p>{reason}</p><figcaption>{name}</figcaption></figure>"
    alt = html.escape(texts("studio.control_map_of_unit", unit=preview.unit))
    image = f'<img src="{to_data_url(preview.png)}" alt="{alt}">'
    return f"<figure>{image}<figcaption>{name}</figcaption></figure>"
