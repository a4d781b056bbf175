"""The panels that are edited: their components, and a draft of what they show."""

from contextlib import suppress
from typing import NamedTuple

from studio.recipes.generation.diff import diff_themes
from studio.recipes.generation.job import MAX_PROMPT_CHARS
from studio.recipes.themes.preset import ThemeVersion
from studio.ui.canvas_panel import CanvasPanel
from studio.ui.draft import Draft
from studio.ui.events import Components, ComponentUpdates
from studio.ui.field_errors import FieldValidationError
from studio.ui.run_panel import RunPanel, parse_seed
from studio.ui.theme_editor import ThemeEditor


class Panels(NamedTuple):
    """The panels whose values are in a draft."""

    theme: ThemeEditor
    drawing: CanvasPanel
    run: RunPanel

    @property
    def draft_inputs(self) -> Components:
        """What a draft is made of: all that is edited, except the drawing, which the canvas stores."""
        theme, drawing, run = self
        return {*theme.edit_inputs, drawing.base_image, run.prompt, run.seed}

    def read_draft(self, values: ComponentUpdates) -> Draft:
        """The values of `draft_inputs` as a draft, with seed -1 (random) for an invalid seed.

        Raises InvalidDocumentError for any other invalid value.
        """
        theme, drawing, run = self
        loaded: ThemeVersion = values[theme.loaded]
        preset = theme.current_theme(values)
        seed = None
        with suppress(FieldValidationError):
            seed = parse_seed(values[run.seed])
        return Draft(
            preset=preset,
            slug=loaded.preset.slug,
            version=loaded.version,
            base_image_id=values[drawing.base_image] or drawing.default_base_image().id,
            user_prompt=(values[run.prompt] or "")[:MAX_PROMPT_CHARS],
            seed=-1 if seed is None else seed,
            changed=bool(diff_themes(loaded.preset, preset)),
        )
