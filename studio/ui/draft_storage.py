"""Unsaved changes: counted on the page, stored by the browser for each theme, restored when it is opened."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import gradio as gr

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.recipes.generation.diff import diff_themes
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.ui.browser_calls import on_event
from studio.ui.draft import Draft, discard_html, render_field_errors, render_unsaved_changes
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.field_errors import FieldValidationError
from studio.ui.notices import render_notice
from studio.ui.panels import Panels
from studio.ui.run_panel import parse_seed
from studio.ui.texts import Texts

_DRAFTS_MODULE = "studio/drafts.js"


class DraftStorage:
    """The bar of unsaved changes and the theme's choice; call `bind` once the other panels are built."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.bar = gr.HTML(elem_id="unsaved")
        self.discard = gr.Button(texts("studio.discard_unsaved"), elem_id="discard")
        self.open_version = gr.Button(texts("studio.open_named_version"), elem_id="open-version")
        self.url_slug = gr.Textbox(visible=False)
        self.url_version = gr.Number(0, visible=False, precision=0)
        self.stored = gr.Textbox("", visible=False)
        """The draft that the browser is to store, as JSON."""
        self.restored = gr.Textbox("", visible=False)
        """The draft that the browser has stored of the theme that is being opened, as JSON."""

    def bind(self, panels: Panels) -> list[Any]:
        """Binds the handlers. Returns the events that change what is shown; pass them to `follow`."""
        self.panels = theme, _, run = panels
        self.stored.change(None, self.stored, None, js=on_event(_DRAFTS_MODULE, "storeDraft"))
        outputs: Components = {*theme.fields, theme.loaded, theme.preset, self.bar, run.notice}
        read_draft = on_event(_DRAFTS_MODULE, "loadDraft")
        chosen = theme.preset.input(None, theme.preset, self.restored, js=read_draft)
        inputs: Components = {*self.panels.draft_inputs, theme.preset, self.restored}
        return [
            chosen.then(self._choose, inputs, {*outputs, self.stored}, **UNQUEUED),
            self.discard.click(self._discard, theme.loaded, outputs, **UNQUEUED),
            self.open_version.click(
                self._open,
                [self.url_slug, self.url_version, self.restored],
                outputs,
                js=on_event("studio/url-params.js", "takeVersion"),
                **UNQUEUED,
            ),
        ]

    def follow(self, changing: Iterable[Any]) -> None:
        """Updates and stores the draft after each of the events `changing` and each change by hand."""
        theme = self.panels.theme
        outputs: Components = {self.bar, self.stored, theme.tokens}
        for event in changing:
            event.then(self._save, self.panels.draft_inputs, outputs, **UNQUEUED)
        gr.on(
            [_change_event(component) for component in self.panels.draft_inputs - {theme.loaded}],
            self._save,
            self.panels.draft_inputs,
            outputs,
            trigger_mode="always_last",
            **UNQUEUED,
        )

    @property
    def opened(self) -> Components:
        """The outputs of `open_page`."""
        theme, drawing, run = self.panels
        outputs = {*theme.fields, theme.preset, theme.loaded, self.bar}
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
        return {**self._show(version, version.preset), **drawing.show_base_image(base)}

    # Handlers.

    def _save(self, values: ComponentUpdates) -> ComponentUpdates:
        """Shows what is unsaved and the lengths of the prompts, and hands the draft to the browser."""
        theme, _, run = self.panels
        try:
            draft = self.panels.read_draft(values)
        except StudioError as error:
            return {self.bar: render_field_errors(error, discard_html(self.texts), self.texts)}
        loaded: ThemeVersion = values[theme.loaded]
        changes = diff_themes(loaded.preset, draft.preset)
        bar = render_unsaved_changes(changes, theme.changed_ids(loaded, values), self.texts)
        try:
            parse_seed(values[run.seed])
        except FieldValidationError as error:
            bar = render_field_errors(error, bar, self.texts)
        return {
            self.bar: bar,
            self.stored: draft.model_dump_json(),
            theme.tokens: theme.render_token_counts(draft.preset, draft.user_prompt),
        }

    def _choose(self, values: ComponentUpdates) -> ComponentUpdates:
        """Opens another theme with its draft. The draft of the theme before is stored, too."""
        theme, _, run = self.panels
        loaded: ThemeVersion = values[theme.loaded]
        slug = values[theme.preset]
        if slug == loaded.preset.slug:
            return {run.notice: gr.skip()}  # A dropdown fires again when it loses the focus.
        stored, unsaved_name = "", ""
        try:
            draft = self.panels.read_draft(values)
            stored, unsaved_name = (
                draft.model_dump_json(),
                loaded.preset.name if draft.changed else "",
            )
        except StudioError as error:
            if theme.is_touched(loaded, values):
                return self._stay(loaded, error, self.texts("studio.draft_not_stored"))
        try:
            updates = self._show_theme(slug, Draft.from_json(values[self.restored]))
        except StudioError as error:
            return self._stay(loaded, error)
        if unsaved_name:
            notice = self.texts("studio.draft_stored", name=unsaved_name)
            updates[run.notice] += render_notice(notice, "status")
        return {**updates, self.stored: stored}

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
            **self._show(version, version.preset),
            self.panels.run.notice: render_notice(notice, "status"),
        }

    def _show_draft(self, draft: Draft, hint: str = "") -> ComponentUpdates:
        """The theme as the draft has it. Raises NotFoundError where its version no longer exists."""
        original, latest = (
            self.studio.stores.themes.get_version(draft.slug, number)
            for number in (draft.version, None)
        )
        if draft.preset == original.preset:
            return {**self._show(latest, latest.preset), self.panels.run.notice: ""}
        notice = self.texts("studio.draft_resumed")
        if original.version < latest.version:
            notice = self.texts(
                "studio.draft_outdated",
                name=latest.preset.name,
                latest=latest.version,
                number=original.version,
            )
        return {
            **self._show(original, draft.preset),
            self.panels.run.notice: render_notice(notice, "status", hint),
        }

    def _show(self, version: ThemeVersion, preset: Preset) -> ComponentUpdates:
        """`preset`, which was edited from `version`, with its differences."""
        theme = self.panels.theme
        updates = theme.to_updates(preset)
        changes, changed_ids = (
            diff_themes(version.preset, preset),
            theme.changed_ids(version, updates),
        )
        return {
            **updates,
            theme.loaded: version,
            theme.preset: gr.update(choices=theme.theme_choices(), value=version.preset.slug),
            self.bar: render_unsaved_changes(changes, changed_ids, self.texts),
        }


def _change_event(component: gr.components.Component) -> Any:
    """The event of a change by hand. A textbox's `input` still has the text before the last key."""
    return component.change if isinstance(component, gr.Textbox) else component.input
