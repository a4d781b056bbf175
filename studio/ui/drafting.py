"""Unsaved changes: told on the page, kept by the operator's browser for each theme, brought back."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import gradio as gr

from studio.bootstrap import Studio
from studio.errors import NotFound, StudioError
from studio.recipes.differing import differences
from studio.recipes.preset import Preset, PresetVersion
from studio.recipes.request import MAX_WORDS
from studio.ui.draft import Draft, discard_html, unsaved_html, wrong_html
from studio.ui.drawing import DrawingPanel
from studio.ui.notices import notice
from studio.ui.recipe_form import BadField
from studio.ui.run_panel import RunPanel, seed_of
from studio.ui.texts import Texts
from studio.ui.theme_editor import ThemeEditor
from studio.ui.wiring import QUICK, Components, Updates

# A draft for each theme, and the last one of all: of this tab, where it had one.
KEEP = """text => {
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
    drawing: DrawingPanel
    run: RunPanel


class Drafting:
    """The bar of unsaved changes, above the workbench; `wire` comes once the panels are there."""

    def __init__(self, studio: Studio, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.bar = gr.HTML(elem_id="unsaved")
        self.discard = gr.Button(texts("studio.discard_unsaved"), elem_id="discard")
        self.open_version = gr.Button(texts("studio.open_named_version"), elem_id="open-version")
        self.named = (gr.Textbox(visible=False), gr.Number(0, visible=False, precision=0))
        self.kept = gr.Textbox("", visible=False)
        """What the browser is to keep, as JSON."""
        self.found = gr.Textbox("", visible=False)
        """What it has kept of the theme that is to be opened."""

    def wire(self, panels: Panels) -> list[Any]:
        """Returns the events that change what is shown; `follow` comes after each of them."""
        self.panels = theme, _, run = panels
        self.kept.change(None, self.kept, None, js=KEEP)
        shown: Components = {*theme.fields, theme.loaded, theme.preset, self.bar, run.notice}
        chosen = theme.preset.input(None, theme.preset, self.found, js=OF_THEME)
        return [
            chosen.then(
                self._choose, {*self.drafted, theme.preset, self.found}, {*shown, self.kept}, **QUICK
            ),
            self.discard.click(self._discard, theme.loaded, shown, **QUICK),
            self.open_version.click(
                self._open, [*self.named, self.found], shown, js=NAMED_VERSION, **QUICK
            ),
        ]  # fmt: skip

    def follow(self, changing: Iterable[Any]) -> None:
        """What is unsaved is told and kept after every event that changes the page."""
        theme = self.panels.theme
        told: Components = {self.bar, self.kept, theme.tokens}
        for event in changing:
            event.then(self._keep, self.drafted, told, **QUICK)
        gr.on(
            [_typed(each) for each in self.drafted - {theme.loaded}],
            self._keep, self.drafted, told, trigger_mode="always_last", **QUICK,
        )  # fmt: skip

    @property
    def drafted(self) -> Components:
        """All that a reload must not lose, but the drawing, which the canvas keeps."""
        theme, drawing, run = self.panels
        return {*theme.edited_parts, drawing.base, run.words, run.seed}

    @property
    def opened(self) -> Components:
        """What `open_page` updates."""
        theme, drawing, run = self.panels
        shown = {*theme.fields, theme.preset, theme.loaded, self.bar}
        return shown | {drawing.base, drawing.canvas, run.words, run.seed, run.notice}

    def open_page(self, kept: object) -> Updates:
        """A page that is opened goes on where this browser left it, or shows what was saved last."""
        theme, drawing, run = self.panels
        draft = Draft.read(kept)
        if draft is not None:
            with suppress(NotFound):
                base = self.studio.bases.get(draft.base)
                return {
                    **self._resumed(draft),
                    **drawing.shown_base(base),
                    run.words: draft.words,
                    run.seed: draft.seed,
                }
        version = theme.studio.presets.last_saved()
        base = self.studio.bases.all()[0]
        return {**self._shown(version, version.preset), **drawing.shown_base(base)}

    # Handlers.

    def _keep(self, values: Updates) -> Updates:
        """Tells what is unsaved and how long the prompts are, and has the browser keep it."""
        theme, _, run = self.panels
        try:
            draft = self._draft(values)
        except StudioError as error:
            return {self.bar: wrong_html(error, discard_html(self.texts), self.texts)}
        loaded: PresetVersion = values[theme.loaded]
        changes = differences(loaded.preset, draft.preset)
        told = unsaved_html(changes, theme.changed_ids(loaded, values), self.texts)
        try:
            seed_of(values[run.seed])
        except BadField as error:
            told = wrong_html(error, told, self.texts)
        return {
            self.bar: told,
            self.kept: draft.model_dump_json(),
            theme.tokens: theme.tokens_html(draft.preset, draft.words),
        }

    def _choose(self, values: Updates) -> Updates:
        """Another theme, with what was left unsaved of it; what is unsaved of this one is kept."""
        theme, _, run = self.panels
        loaded: PresetVersion = values[theme.loaded]
        slug = values[theme.preset]
        if slug == loaded.preset.slug:
            return {run.notice: gr.skip()}  # A box tells of its choice once more when it is left.
        kept, left = "", ""
        try:
            draft = self._draft(values)
            kept, left = draft.model_dump_json(), loaded.preset.name if draft.changed else ""
        except StudioError as error:
            if theme.is_touched(loaded, values):
                why = self.texts("studio.draft_cannot_be_kept")
                told = notice(
                    self.texts("studio.sentence", text=self.texts.of(error)), "error", why
                )
                return {theme.preset: loaded.preset.slug, run.notice: told}
        try:
            updates = self._found(slug, Draft.read(values[self.found]))
        except StudioError as error:
            return {
                theme.preset: loaded.preset.slug,
                run.notice: notice(self.texts.of(error), "error"),
            }
        if left:
            told = self.texts("studio.draft_kept", name=left)
            updates[run.notice] += notice(told, "status")
        return {**updates, self.kept: kept}

    def _discard(self, loaded: PresetVersion) -> Updates:
        """The theme as it was saved last."""
        return self._found(loaded.preset.slug, None)

    def _open(self, slug: str, number: float, kept: str) -> Updates:
        """The version that the page's address names, 0 for the latest; a draft of it comes first."""
        try:
            draft = Draft.read(kept)
            if draft is not None and draft.slug == slug and number not in (0, draft.number):
                why = self.texts("studio.draft_in_the_way", number=f"{number:.0f}")
                return self._resumed(draft, why)
            if number == 0 or draft is not None:
                return self._found(slug, draft)
            version = self.studio.presets.version(slug, int(number))
        except StudioError as error:
            return {self.panels.run.notice: notice(self.texts.of(error), "error")}
        return {
            **self._shown(version, version.preset),
            self.panels.run.notice: self._opened(version),
        }

    def _found(self, slug: str, draft: Draft | None) -> Updates:
        """The theme with its draft, or as it was saved last. Raises NotFound."""
        if draft is not None and draft.slug == slug:
            with suppress(NotFound):
                return self._resumed(draft)
        version = self.studio.presets.version(slug)
        return {
            **self._shown(version, version.preset),
            self.panels.run.notice: self._opened(version),
        }

    def _resumed(self, draft: Draft, more: str = "") -> Updates:
        """The theme as the draft has it. Raises NotFound where its version is gone."""
        began, latest = (self.studio.presets.version(draft.slug, n) for n in (draft.number, None))
        preset = draft.preset
        if preset == began.preset:
            return {**self._shown(latest, latest.preset), self.panels.run.notice: ""}
        told = self.texts("studio.draft_resumed")
        if began.number < latest.number:
            told = self.texts(
                "studio.draft_outdated",
                name=latest.preset.name,
                latest=latest.number,
                number=began.number,
            )
        return {**self._shown(began, preset), self.panels.run.notice: notice(told, "status", more)}

    def _shown(self, version: PresetVersion, preset: Preset) -> Updates:
        """`preset`, which began as `version`, and at once what is unsaved of it."""
        theme = self.panels.theme
        shown = theme.shown(preset)
        marked = theme.changed_ids(version, shown)
        return {
            **shown,
            theme.loaded: version,
            theme.preset: gr.update(choices=theme.choices(), value=version.preset.slug),
            self.bar: unsaved_html(differences(version.preset, preset), marked, self.texts),
        }

    def _opened(self, version: PresetVersion) -> str:
        told = self.texts(
            "studio.version_opened",
            name=version.preset.name,
            number=version.number,
            day=f"{version.created:%Y-%m-%d}",
        )
        return notice(told, "status")

    def _draft(self, values: Updates) -> Draft:
        """The page as it stands. Raises BadDocument for what does not hold, but for the seed."""
        theme, drawing, run = self.panels
        loaded: PresetVersion = values[theme.loaded]
        preset = theme.edited(values)
        seed = None
        with suppress(BadField):
            seed = seed_of(values[run.seed])
        return Draft(
            preset=preset,
            slug=loaded.preset.slug,
            number=loaded.number,
            base=values[drawing.base] or self.studio.bases.all()[0].id,
            words=(values[run.words] or "")[:MAX_WORDS],
            seed=-1 if seed is None else seed,
            changed=bool(differences(loaded.preset, preset)),
        )


def _typed(component: gr.components.Component) -> Any:
    """What tells that an operator changed it; a text box's `input` still carries the text before the
    last key."""
    return component.change if isinstance(component, gr.Textbox) else component.input
