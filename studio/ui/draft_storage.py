"""Unsaved changes: stored by the browser for each theme, restored when it is opened."""

from contextlib import suppress

import gradio as gr

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.recipes.generation.diff import diff_themes
from studio.recipes.themes.preset import ThemeVersion
from studio.ui.browser_calls import on_event
from studio.ui.draft import Draft
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.panels import Panels
from studio.ui.texts import Texts


class DraftStorage:
    """The theme's choice, and drafts; call `bind` once the other panels are built."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.discard = gr.Button(texts("studio.discard_unsaved"), elem_id="discard")
        self.open_version = gr.Button(texts("studio.open_named_version"), elem_id="open-version")
        self.url_slug = gr.Textbox(visible=False)
        self.url_version = gr.Number(0, visible=False, precision=0)
        self.stored = gr.Textbox("", visible=False)
        """An empty draft, at which the browser deletes that of a theme."""
        self.restored = gr.Textbox("", visible=False)
        """The draft that the browser has stored of the theme that is being opened, as JSON."""

    def bind(self, panels: Panels) -> None:
        """Binds the handlers."""
        self.panels = theme, drawing, run = panels
        self.stored.change(None, self.stored, None, js=on_event("studio/drafts.js", "storeDraft"))
        outputs: Components = {*theme.fields, theme.loaded, theme.preset, run.notice}
        open_theme = on_event("inspector/index.js", "openTheme")
        chosen = theme.preset.input(None, theme.preset, self.restored, js=open_theme)
        inputs: Components = {*theme.edit_inputs, theme.preset, self.restored}
        # Chosen again while the server answers: the last choice counts.
        chosen.then(self._choose, inputs, outputs, trigger_mode="always_last", **UNQUEUED)
        self.discard.click(self._discard, theme.loaded, outputs, **UNQUEUED)
        self.open_version.click(
            self._open,
            [self.url_slug, self.url_version, self.restored],
            outputs,
            js=on_event("studio/url-params.js", "takeVersion"),
            **UNQUEUED,
        )
        edited = (theme.name, run.prompt, run.seed, drawing.base_image)
        gr.on(
            [*(component.change for component in edited), drawing.base_image.input],
            None,
            self.draft_inputs,
            js=self.note_request,
        )

    note_request = on_event("inspector/index.js", "noteRequest")
    """Gives the inspector, which stores the draft, the values of `draft_inputs`."""

    @property
    def draft_inputs(self) -> list[gr.components.Component]:
        """What a draft has besides the preset's document."""
        theme, drawing, run = self.panels
        return [theme.name, run.prompt, run.seed, drawing.base_image]

    @property
    def opened(self) -> Components:
        """The outputs of `open_page`."""
        theme, drawing, run = self.panels
        outputs = {*theme.fields, theme.preset, theme.loaded}
        return outputs | {drawing.base_image, drawing.canvas, run.prompt, run.seed, run.notice}

    def open_page(self, stored: object) -> ComponentUpdates:
        """The last draft of this browser, from its JSON; without a valid one the theme saved last."""
        theme, drawing, run = self.panels
        draft = Draft.from_json(stored)
        if draft is not None:
            with suppress(NotFoundError):
                base = self.studio.stores.base_images.get(draft.base_image_id)
                return {
                    **self._show_draft(draft),
                    **drawing.show_base_image(base),
                    run.prompt: draft.user_prompt,
                    run.seed: draft.seed,
                }
        version = theme.studio.stores.themes.latest_saved()
        base = drawing.default_base_image()
        return {**theme.to_updates(version.preset, version), **drawing.show_base_image(base)}

    # Handlers.

    def _choose(self, values: ComponentUpdates) -> ComponentUpdates:
        """Opens another theme with its draft. The browser has stored that of the theme before."""
        theme, _, run = self.panels
        loaded: ThemeVersion = values[theme.loaded]
        slug = values[theme.preset]
        if slug == loaded.preset.slug:
            return {run.notice: gr.skip()}  # A dropdown fires again when it loses the focus.
        has_draft = False
        try:
            has_draft = bool(diff_themes(loaded.preset, theme.current_theme(values)))
        except StudioError as error:
            if theme.is_touched(loaded, values):
                return self._stay(loaded, error, self.texts("studio.draft_not_stored"))
        try:
            updates = self._show_theme(slug, Draft.from_json(values[self.restored]))
        except StudioError as error:
            return self._stay(loaded, error)
        if has_draft:
            notice = self.texts("studio.draft_stored", name=loaded.preset.name)
            updates[run.notice] += render_notice(notice, "status")
        # The dropdown shows what was chosen, by now perhaps another theme.
        updates[theme.preset] = gr.update(choices=theme.theme_choices())
        return updates

    def _stay(self, loaded: ThemeVersion, error: StudioError, more: str = "") -> ComponentUpdates:
        """The theme before stays chosen; the notice shows why, and `more`, a sentence of its own."""
        text = self.texts.of(error)
        if more:
            text = self.texts("studio.sentence", text=text)
        return {
            self.panels.theme.preset: loaded.preset.slug,
            self.panels.run.notice: render_notice(text, "error", more),
        }

    def _discard(self, loaded: ThemeVersion) -> ComponentUpdates:
        """The latest version of the theme, without its draft."""
        return self._show_theme(loaded.preset.slug, None)

    def _open(self, slug: str, version: float, stored: str) -> ComponentUpdates:
        """The version that the page's URL names, 0 for the latest; a draft of its theme comes first."""
        try:
            draft = Draft.from_json(stored)
            if draft is not None and draft.slug == slug and version not in (0, draft.version):
                hint = self.texts("studio.draft_conflict", number=f"{version:.0f}")
                return self._show_draft(draft, hint)
            if version == 0 or draft is not None:
                return self._show_theme(slug, draft)
            return self._show_version(self.studio.stores.themes.get_version(slug, int(version)))
        except StudioError as error:
            return {self.panels.run.notice: render_notice(self.texts.of(error), "error")}

    # What the page shows.

    def _show_theme(self, slug: str, draft: Draft | None) -> ComponentUpdates:
        """The theme's draft where it has a valid one, else its latest version. Raises NotFoundError."""
        if draft is not None and draft.slug == slug:
            with suppress(NotFoundError):
                return self._show_draft(draft)
        return self._show_version(self.studio.stores.themes.get_version(slug))

    def _show_version(self, version: ThemeVersion) -> ComponentUpdates:
        notice = self.texts(
            "studio.version_opened",
            name=version.preset.name,
            number=version.version,
            day=f"{version.created_at:%Y-%m-%d}",
        )
        return {
            **self.panels.theme.to_updates(version.preset, version),
            self.panels.run.notice: render_notice(notice, "status"),
        }

    def _show_draft(self, draft: Draft, hint: str = "") -> ComponentUpdates:
        """The theme as the draft has it. Raises NotFoundError where its version no longer exists."""
        theme = self.panels.theme
        original, latest = (
            self.studio.stores.themes.get_version(draft.slug, number)
            for number in (draft.version, None)
        )
        # A browser keeps the slug that the preset was loaded with, also after it was saved as another.
        preset = draft.preset.model_copy(update={"slug": draft.slug})
        if not diff_themes(original.preset, preset):
            return {**theme.to_updates(latest.preset, latest), self.panels.run.notice: ""}
        notice = self.texts("studio.draft_resumed")
        if original.version < latest.version:
            notice = self.texts(
                "studio.draft_outdated",
                name=latest.preset.name,
                latest=latest.version,
                number=original.version,
            )
        return {
            **theme.to_updates(preset, original),
            self.panels.run.notice: render_notice(notice, "status", hint),
        }
