"""Unsaved changes: told on the page, kept by the operator's browser for each theme, brought back."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import gradio as gr

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.recipes.generation.diff import diff_themes
from studio.recipes.generation.job import MAX_PROMPT_CHARS
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.ui.canvas_panel import CanvasPanel
from studio.ui.draft import Draft, discard_html, render_field_errors, render_unsaved_changes
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.recipe_form import FieldValidationError
from studio.ui.run_panel import RunPanel, parse_seed
from studio.ui.texts import Texts
from studio.ui.theme_editor import ThemeEditor

# A draft for each theme, and the last one of all: of this tab, where it had one.
STORE_DRAFT_JS = """text => {
    if (!text) return;
    const { slug, changed, preset } = JSON.parse(text);
    const own = `doodle-theme-studio-draft-${slug}`;
    try {
        if (changed) localStorage.setItem(own, text);
        else localStorage.removeItem(own);
        if (preset) for (const each of [localStorage, sessionStorage]) each.setItem('doodle-theme-studio-last', text);
    } catch {
        // A browser that keeps nothing still edits.
    }
}"""
# The canvas's module was asked for by its component before: once it is here, the canvas is mounted.
LAST = """async () => {
    await import('/web/canvas/index.js').catch(() => {});
    const last = 'doodle-theme-studio-last';
    try { return [sessionStorage.getItem(last) ?? localStorage.getItem(last) ?? '']; } catch { return ['']; }
}"""
OF_THEME = """slug => {
    try { return [localStorage.getItem(`doodle-theme-studio-draft-${slug}`) ?? '']; } catch { return ['']; }
}"""
# An address may name a version of a theme, once: a reload is not to open it again.
NAMED_VERSION = """() => {
    const asked = new URLSearchParams(location.search);
    history.replaceState(null, '', location.pathname);
    const slug = asked.get('preset') ?? '';
    let draft = '';
    try { draft = localStorage.getItem(`doodle-theme-studio-draft-${slug}`) ?? ''; } catch { /* None, then. */ }
    return [slug, Number(asked.get('version')), draft];
}"""


class Panels(NamedTuple):
    """The panels whose values are kept."""

    theme: ThemeEditor
    drawing: CanvasPanel
    run: RunPanel


class Drafting:
    """The bar of unsaved changes, above the workbench; `wire` comes once the panels are there."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.bar = gr.HTML(elem_id="unsaved")
        self.discard = gr.Button(texts("studio.discard_unsaved"), elem_id="discard")
        self.open_version = gr.Button(texts("studio.open_named_version"), elem_id="open-version")
        self.theme_name = (gr.Textbox(visible=False), gr.Number(0, visible=False, precision=0))
        self.stored = gr.Textbox("", visible=False)
        """What the browser is to keep, as JSON."""
        self.restored = gr.Textbox("", visible=False)
        """What it has kept of the theme that is to be opened."""

    def wire(self, panels: Panels) -> list[Any]:
        """Returns the events that change what is shown; `follow` comes after each of them."""
        self.panels = theme, _, run = panels
        self.stored.change(None, self.stored, None, js=STORE_DRAFT_JS)
        outputs: Components = {*theme.fields, theme.loaded, theme.preset, self.bar, run.notice}
        chosen = theme.preset.input(None, theme.preset, self.restored, js=OF_THEME)
        return [
            chosen.then(
                self._choose, {*self.drafted, theme.preset, self.restored}, {*outputs, self.stored}, **UNQUEUED
            ),
            self.discard.click(self._discard, theme.loaded, outputs, **UNQUEUED),
            self.open_version.click(
                self._open, [*self.theme_name, self.restored], outputs, js=NAMED_VERSION, **UNQUEUED
            ),
        ]  # fmt: skip

    def follow(self, changing: Iterable[Any]) -> None:
        """What is unsaved is told and kept after every event that changes the page."""
        theme = self.panels.theme
        outputs: Components = {self.bar, self.stored, theme.tokens}
        for event in changing:
            event.then(self._save, self.drafted, outputs, **UNQUEUED)
        gr.on(
            [_typed(component) for component in self.drafted - {theme.loaded}],
            self._save, self.drafted, outputs, trigger_mode="always_last", **UNQUEUED,
        )  # fmt: skip

    @property
    def drafted(self) -> Components:
        """All that a reload must not lose, but the drawing, which the canvas keeps."""
        theme, drawing, run = self.panels
        return {*theme.edit_inputs, drawing.base_image, run.prompt, run.seed}

    @property
    def opened(self) -> Components:
        """What `open_page` updates."""
        theme, drawing, run = self.panels
        outputs = {*theme.fields, theme.preset, theme.loaded, self.bar}
        return outputs | {drawing.base_image, drawing.canvas, run.prompt, run.seed, run.notice}

    def open_page(self, stored: object) -> ComponentUpdates:
        """A page that is opened goes on where this browser left it, or shows what was saved last."""
        theme, drawing, run = self.panels
        draft = Draft.from_json(stored)
        if draft is not None:
            with suppress(NotFoundError):
                base = self.studio.stores.base_images.get(draft.base_image_id)
                return {
                    **self._resumed(draft),
                    **drawing.show_base_image(base),
                    run.prompt: draft.user_prompt,
                    run.seed: draft.seed,
                }
        version = theme.studio.stores.themes.latest_saved()
        base = self.studio.stores.base_images.list_all()[0]
        return {**self._render(version, version.preset), **drawing.show_base_image(base)}

    # Handlers.

    def _save(self, values: ComponentUpdates) -> ComponentUpdates:
        """Tells what is unsaved and how long the prompts are, and has the browser keep it."""
        theme, _, run = self.panels
        try:
            draft = self._draft(values)
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
            theme.tokens: theme.tokens_html(draft.preset, draft.user_prompt),
        }

    def _choose(self, values: ComponentUpdates) -> ComponentUpdates:
        """Another theme, with what was left unsaved of it; what is unsaved of this one is kept."""
        theme, _, run = self.panels
        loaded: ThemeVersion = values[theme.loaded]
        slug = values[theme.preset]
        if slug == loaded.preset.slug:
            return {run.notice: gr.skip()}  # A box tells of its choice once more when it is left.
        stored, left = "", ""
        try:
            draft = self._draft(values)
            stored, left = draft.model_dump_json(), loaded.preset.name if draft.changed else ""
        except StudioError as error:
            if theme.is_touched(loaded, values):
                why = self.texts("studio.draft_cannot_be_kept")
                notice = render_notice(
                    self.texts("studio.sentence", text=self.texts.of(error)), "error", why
                )
                return {theme.preset: loaded.preset.slug, run.notice: notice}
        try:
            updates = self._restored(slug, Draft.from_json(values[self.restored]))
        except StudioError as error:
            return {
                theme.preset: loaded.preset.slug,
                run.notice: render_notice(self.texts.of(error), "error"),
            }
        if left:
            notice = self.texts("studio.draft_kept", name=left)
            updates[run.notice] += render_notice(notice, "status")
        return {**updates, self.stored: stored}

    def _discard(self, loaded: ThemeVersion) -> ComponentUpdates:
        """The theme as it was saved last."""
        return self._restored(loaded.preset.slug, None)

    def _open(self, slug: str, number: float, stored: str) -> ComponentUpdates:
        """The version that the page's address names, 0 for the latest; a draft of it comes first."""
        try:
            draft = Draft.from_json(stored)
            if draft is not None and draft.slug == slug and number not in (0, draft.version):
                why = self.texts("studio.draft_in_the_way", number=f"{number:.0f}")
                return self._resumed(draft, why)
            if number == 0 or draft is not None:
                return self._restored(slug, draft)
            version = self.studio.stores.themes.get_version(slug, int(number))
        except StudioError as error:
            return {self.panels.run.notice: render_notice(self.texts.of(error), "error")}
        return {
            **self._render(version, version.preset),
            self.panels.run.notice: self._opened(version),
        }

    def _restored(self, slug: str, draft: Draft | None) -> ComponentUpdates:
        """The theme with its draft, or as it was saved last. Raises NotFound."""
        if draft is not None and draft.slug == slug:
            with suppress(NotFoundError):
                return self._resumed(draft)
        version = self.studio.stores.themes.get_version(slug)
        return {
            **self._render(version, version.preset),
            self.panels.run.notice: self._opened(version),
        }

    def _resumed(self, draft: Draft, more: str = "") -> ComponentUpdates:
        """The theme as the draft has it. Raises NotFound where its version is gone."""
        original, latest = (
            self.studio.stores.themes.get_version(draft.slug, n) for n in (draft.version, None)
        )
        preset = draft.preset
        if preset == original.preset:
            return {**self._render(latest, latest.preset), self.panels.run.notice: ""}
        notice = self.texts("studio.draft_resumed")
        if original.version < latest.version:
            notice = self.texts(
                "studio.draft_outdated",
                name=latest.preset.name,
                latest=latest.version,
                number=original.version,
            )
        return {
            **self._render(original, preset),
            self.panels.run.notice: render_notice(notice, "status", more),
        }

    def _render(self, version: ThemeVersion, preset: Preset) -> ComponentUpdates:
        """`preset`, which began as `version`, and at once what is unsaved of it."""
        theme = self.panels.theme
        updates = theme.to_updates(preset)
        marked = theme.changed_ids(version, updates)
        return {
            **updates,
            theme.loaded: version,
            theme.preset: gr.update(choices=theme.theme_choices(), value=version.preset.slug),
            self.bar: render_unsaved_changes(
                diff_themes(version.preset, preset), marked, self.texts
            ),
        }

    def _opened(self, version: ThemeVersion) -> str:
        notice = self.texts(
            "studio.version_opened",
            name=version.preset.name,
            number=version.version,
            day=f"{version.created_at:%Y-%m-%d}",
        )
        return render_notice(notice, "status")

    def _draft(self, values: ComponentUpdates) -> Draft:
        """The page as it stands. Raises BadDocument for what does not hold, but for the seed."""
        theme, drawing, run = self.panels
        loaded: ThemeVersion = values[theme.loaded]
        preset = theme.current_theme(values)
        seed = None
        with suppress(FieldValidationError):
            seed = parse_seed(values[run.seed])
        return Draft(
            preset=preset,
            slug=loaded.preset.slug,
            version=loaded.version,
            base_image_id=values[drawing.base_image]
            or self.studio.stores.base_images.list_all()[0].id,
            user_prompt=(values[run.prompt] or "")[:MAX_PROMPT_CHARS],
            seed=-1 if seed is None else seed,
            changed=bool(diff_themes(loaded.preset, preset)),
        )


def _typed(component: gr.components.Component) -> Any:
    """What tells that an operator changed it; a text box's `input` still carries the text before the
    last key."""
    return component.change if isinstance(component, gr.Textbox) else component.input
