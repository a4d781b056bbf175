"""The theme's editor: which version is loaded, its name, the inspector of its recipes, saving."""

from typing import Any

import gradio as gr
from pydantic import ValidationError

from studio.app import AppContainer
from studio.errors import InvalidDocumentError, StudioError
from studio.messages import message
from studio.recipes.base import format_validation_error
from studio.recipes.generation.diff import diff_themes, summarize_changes
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.server.auth.session import current_gradio_user
from studio.services.themes.model_pinning import repin_model_hashes
from studio.ui.components import OpenVersion
from studio.ui.draft import empty_draft
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.recipe_inspector import (
    EditedPreset,
    RecipeInspector,
    differs,
    parse_recipes,
    saved_version,
)
from studio.ui.texts import Texts


class ThemeEditor:
    """Call `build_header` and `build_recipes` where the page shows them, and then `bind`."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.initial = studio.stores.themes.latest_saved()
        self.loaded = OpenVersion(studio.stores.themes.get_version, self.initial)

    def build_header(self) -> None:
        """Builds the choice of the theme, its name, and the buttons that restore and save."""
        preset = self.initial.preset
        self.name = gr.Textbox(
            preset.name, label=self.texts("theme.name"), max_length=80, elem_id="theme-name"
        )
        self.preset = gr.Dropdown(
            self.theme_choices(),
            value=preset.slug,
            label=self.texts("studio.theme"),
            elem_id="theme",
        )
        self.restore = gr.UploadButton(
            self.texts("studio.restore_from_image"),
            file_types=[".png"],
            type="binary",
            elem_id="restore",
        )
        self.save = gr.Button(self.texts("studio.save_theme"), elem_id="save")

    def build_recipes(self) -> None:
        """Builds the inspector of the recipes."""
        self.inspector = RecipeInspector(elem_id="inspector")

    @property
    def fields(self) -> Components:
        """The inputs that show a preset."""
        return {self.inspector, self.name}

    @property
    def edit_inputs(self) -> Components:
        """The inputs of `current_theme`."""
        return {*self.fields, self.loaded}

    def bind(self, notice: gr.HTML, stored_draft: gr.Textbox) -> None:
        """Binds saving. `notice` shows results and errors; `stored_draft` hands a draft to the browser."""

        def save(values: ComponentUpdates, request: gr.Request) -> ComponentUpdates:
            updates = self._save(notice, values, current_gradio_user(request))
            slug = values[self.loaded].preset.slug
            if self.loaded in updates and updates[self.loaded].preset.slug != slug:
                updates[stored_draft] = empty_draft(slug)  # Its changes are in the other theme now.
            return updates

        outputs = {self.preset, self.loaded, self.inspector, notice, stored_draft}
        self.save.click(save, self.edit_inputs, outputs, **UNQUEUED)

    def current_theme(self, values: ComponentUpdates) -> Preset:
        """The loaded preset with everything that was changed on the page, and its models' hashes.

        A changed name makes another theme. Raises InvalidDocumentError.
        """
        loaded: ThemeVersion = values[self.loaded]
        name = (values[self.name] or "").strip()
        if not name:
            raise InvalidDocumentError("studio.theme_unnamed")
        changes: dict[str, Any] = {"name": name}
        if name != loaded.preset.name:
            changes["slug"] = self.studio.stores.themes.slug_for(name)
        edited: EditedPreset | None = values[self.inspector]
        if edited is not None:
            changes["recipes"] = parse_recipes(edited.document)
            changes["theme_prompt"] = edited.document.get("theme_prompt")
        try:
            preset = Preset.model_validate(loaded.preset.model_dump() | changes)
        except ValidationError as error:
            reason = format_validation_error(error)
            raise InvalidDocumentError("studio.theme_invalid", reason=reason) from None
        return repin_model_hashes(preset, self.studio.models.catalog)

    def is_touched(self, loaded: ThemeVersion, values: ComponentUpdates) -> bool:
        """Whether anything differs from `loaded`, valid or not."""
        edited: EditedPreset | None = values[self.inspector]
        is_renamed: bool = values[self.name] != loaded.preset.name
        # The document's own name may be late: the name is typed elsewhere.
        return is_renamed or (
            edited is not None
            and differs({**edited.document, "name": loaded.preset.name}, loaded.preset)
        )

    def to_updates(self, preset: Preset, saved: ThemeVersion) -> ComponentUpdates:
        """Shows `preset`, which was edited from the version `saved`."""
        return {
            self.inspector: gr.update(value=preset, saved=saved_version(saved)),
            self.name: preset.name,
            self.loaded: saved,
            self.preset: gr.update(choices=self.theme_choices(), value=saved.preset.slug),
        }

    def theme_choices(self) -> list[tuple[str, str]]:
        """The themes' names and slugs, as the dropdown takes them."""
        return [(theme.name, theme.slug) for theme in self.studio.stores.themes.list_summaries()]

    def _save(self, notice: gr.HTML, values: ComponentUpdates, author: str) -> ComponentUpdates:
        """Saves a version. One that another operator saved meanwhile is a conflict and is not replaced.

        What is edited meanwhile stays: the inspector gets the saved version to compare with, no value.
        """
        try:
            preset = self.current_theme(values)
            loaded = values[self.loaded]
            changes = summarize_changes(diff_themes(loaded.preset, preset))
            expected = loaded.version if preset.slug == loaded.preset.slug else 0
            note = "" if changes is None else str(changes)
            version = self.studio.stores.themes.save(
                preset, author, note=note, expected_version=expected
            )
        except StudioError as error:
            return {notice: render_notice(self.texts.of(error), "error")}
        name, number = preset.name, version.version
        text = message("studio.saved_unchanged", name=name, number=number)
        if changes:
            text = message("studio.saved_changed", name=name, number=number, changes=changes)
        return {
            self.preset: gr.update(choices=self.theme_choices(), value=preset.slug),
            self.loaded: version,
            self.inspector: gr.update(saved=saved_version(version)),
            notice: render_notice(self.texts.of(text), "status"),
        }
