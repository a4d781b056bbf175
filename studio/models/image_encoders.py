"""The image encoder of an IP-Adapter: the one that a reference names, or the installed one that fits."""

from dataclasses import dataclass

from studio.errors import IncompatibleModelError, NotFoundError
from studio.models.catalog import ModelCatalog
from studio.models.folder_config import EncoderWidths, read_encoder_widths
from studio.models.ip_adapter_layout import AdapterLayout, read_layout
from studio.models.safetensors_file import read_header
from studio.models.types import DIR_BY_TYPE, ModelInfo
from studio.recipes.generation.recipe import Reference


@dataclass(frozen=True)
class ReferenceModels:
    """The models of a reference."""

    adapter: ModelInfo
    encoder: ModelInfo
    layout: AdapterLayout


def find_reference_models(catalog: ModelCatalog, reference: Reference) -> ReferenceModels:
    """The IP-Adapter of a reference, and its image encoder.

    Raises:
        NotFoundError: one of them is not installed.
        IncompatibleModelError: the encoder does not fit, or several do and the reference names none.
        CorruptModelError: one of them cannot be read.
    """
    adapter = catalog.get("ip_adapter", reference.model)
    layout = read_layout(read_header(adapter.path).shapes, adapter.path.name)
    if reference.image_encoder is None:
        return ReferenceModels(adapter, _only_fitting(catalog, adapter, layout), layout)
    encoder = catalog.get("image_encoder", reference.image_encoder)
    if not _fits(layout, read_encoder_widths(encoder.path)):
        raise IncompatibleModelError(
            "model.image_encoder_unfit", name=encoder.name, adapter=adapter.name
        )
    return ReferenceModels(adapter, encoder, layout)


def _only_fitting(catalog: ModelCatalog, adapter: ModelInfo, layout: AdapterLayout) -> ModelInfo:
    """The installed encoder that fits; equal ones under several names are one."""
    fitting = {
        encoder.sha256: encoder
        for encoder in reversed(catalog.list_models("image_encoder"))
        if _fits(layout, read_encoder_widths(encoder.path))
    }
    if not fitting:
        raise NotFoundError(
            "model.image_encoder_missing",
            adapter=adapter.name,
            width=layout.feature_width,
            folder=DIR_BY_TYPE["image_encoder"],
        )
    if len(fitting) > 1:
        names = sorted(encoder.name for encoder in fitting.values())
        raise IncompatibleModelError(
            "model.image_encoder_ambiguous", adapter=adapter.name, names=names
        )
    return next(iter(fitting.values()))


def _fits(layout: AdapterLayout, widths: EncoderWidths) -> bool:
    width = widths.pooled if layout.features == "pooled" else widths.hidden
    return width == layout.feature_width
