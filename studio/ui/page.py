"""The studio's page: composes the panels and ties them together."""

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr
from pydantic import ValidationError

from studio.bootstrap import Studio
from studio.errors import BadDocument, InputError, StudioError
from studio.recipes.base import explain
from studio.recipes.canvas import BaseImage
from studio.recipes.preset import LETTERS, Preset, PresetVersion
from studio.service.stamping import with_hashes
from studio.ui.components import Backdrop, SketchCanvas, Tile, Tiles, png_url, slug_of
from studio.ui.recipe_form import RecipeForm
from studio.ui.results import Card

Updates = dict[gr.components.Component, Any]
MAX_SEED = 2**32 - 1


class Page:
    """Builds the Blocks and holds the components that handlers speak of by name."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.first = studio.presets.last_saved()
        with gr.Blocks(title="Doodle Theme Studio", fill_width=True) as self.blocks:
            self.loaded = gr.State(self.first)
            self.run_id = gr.State("")
            self._header()
            with gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="left", min_width=320):
                    self._drawing()
                with gr.Column(elem_id="right", min_width=320):
                    self._results()
            self._editor()
            self._wire()

    def _header(self) -> None:
        with gr.Row(elem_id="header"):
            gr.HTML("<h1><i></i>Doodle Theme Studio</h1>", elem_id="brand")
            self.preset = gr.Dropdown(self._choices(), value=self.first.preset.slug, label="Preset", elem_id="preset")  # fmt: skip
            self.name = gr.Textbox(self.first.preset.name, label="Name", max_length=80, elem_id="preset-name")  # fmt: skip
            self.save = gr.Button("Save preset", elem_id="save")

    def _drawing(self) -> None:
        bases = self.studio.bases.all()
        self.canvas = SketchCanvas(self._backdrop(bases[0]), elem_id="canvas")
        gr.HTML("<h2>Base image</h2>", elem_classes="section")
        tiles = [Tile(id=b.id, name=b.name, src=png_url(self.studio.bases.png(b))) for b in bases]
        self.base = Tiles("Base image", tiles, bases[0].id, elem_id="bases")
        gr.HTML("<h2>Test doodles</h2>", elem_classes="section")
        pack = [Tile(id=d.name, name=d.name.replace("-", " "), src=png_url(d.png)) for d in self.studio.doodles]  # fmt: skip
        self.pack = Tiles("Test doodles", pack, None, elem_id="pack")

    def _results(self) -> None:
        with gr.Row(elem_id="ask"):
            self.words = gr.Textbox(
                label="User's words", placeholder="a red summer dress with a star", lines=1,
                elem_id="words", scale=3,
            )  # fmt: skip
            self.seed = gr.Number(-1, label="Seed (-1 = random)", precision=0, minimum=-1, maximum=MAX_SEED, elem_id="seed", scale=1, min_width=120)  # fmt: skip
        with gr.Row(elem_id="go"):
            self.generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3)
            self.stop = gr.Button("Stop", elem_id="stop", interactive=False, scale=1, min_width=90)
        self.notice = gr.HTML(elem_id="notice")
        with gr.Group(elem_id="grid"):
            self.cards = {
                letter: gr.HTML(Card(letter).html(), elem_id=f"card-{letter}") for letter in LETTERS
            }

    def _editor(self) -> None:
        catalogue = self.studio.catalogue
        checkpoints, nets = list(catalogue.names("checkpoint")), list(catalogue.names("controlnet"))
        with gr.Column(elem_id="editor"):
            gr.HTML("<h2>Theme and its four recipes</h2>", elem_classes="section")
            self.prompt = gr.Textbox(self.first.preset.prompt, label="Theme prompt", lines=1, elem_id="theme-prompt")  # fmt: skip
            self.forms: list[RecipeForm] = []
            with gr.Tabs(elem_id="recipes"):
                for letter in LETTERS:
                    with gr.Tab(letter, id=letter, elem_id=f"tab-{letter}"):
                        self.forms.append(RecipeForm(letter, checkpoints, nets))
        for component, value in self._shown(self.first.preset).items():
            component.value = value

    def _wire(self) -> None:
        fields = {f for form in self.forms for f in form.fields.values()}
        edited = {*fields, self.loaded, self.name, self.prompt}
        shown: set[gr.components.Component] = {*fields, self.prompt, self.name}
        asked = {*edited, self.canvas, self.base, self.words, self.seed}
        outputs = {*self.cards.values(), self.notice, self.run_id, self.generate, self.stop}
        gr.on(
            [self.generate.click, self.words.submit], self._generate, inputs=asked,
            outputs=outputs, concurrency_limit=8, show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self.stop.click(self._stop, self.run_id, None, queue=False, **quick)
        self.base.input(self._choose_base, self.base, self.canvas, **quick)
        self.pack.input(self._choose_doodle, self.pack, {self.canvas, self.base}, **quick)
        self.save.click(self._save, edited, {self.preset, self.loaded, self.notice}, **quick)
        self.preset.input(self._load, self.preset, {*shown, self.loaded, self.notice}, **quick)
        self.blocks.load(self._refresh, None, {*shown, self.preset, self.loaded}, **quick)

    # Handlers: thin, each over one use case.

    def _generate(self, values: Updates) -> Iterator[Updates]:
        cards = {letter: Card(letter) for letter in LETTERS}
        try:
            preset, loaded = self._edited(values), values[self.loaded]
            request = self.studio.intake.request(
                preset,
                values[self.base] or "",
                values[self.canvas],
                values[self.words] or "",
                _seed(values[self.seed]),
                loaded.number if preset == loaded.preset else None,
            )
            run = self.studio.rendering.start(request)
        except StudioError as error:
            yield {self.notice: _notice(str(error), "error")}
            return
        try:
            yield {
                self.run_id: request.id,
                self.notice: "",
                self.generate: gr.update(interactive=False),
                self.stop: gr.update(interactive=True),
            }
            for event in run.events():
                cards[event.letter] = cards[event.letter].after(event)
                yield {self.cards[event.letter]: cards[event.letter].html()}
            yield {
                self.generate: gr.update(interactive=True),
                self.stop: gr.update(interactive=False),
                self.notice: _notice(_ending(list(cards.values())), "status"),
            }
        finally:
            run.cancel()

    def _stop(self, run_id: str) -> None:
        self.studio.rendering.cancel(run_id)

    def _choose_base(self, base_id: str | None) -> Any:
        base = self.studio.bases.get(base_id or "")
        return gr.update(base=self._backdrop(base))

    def _choose_doodle(self, name: str | None) -> Updates:
        for doodle in self.studio.doodles:
            if doodle.name == name:
                if doodle.base_image is None:
                    return {self.canvas: gr.update(value=doodle.png), self.base: gr.skip()}
                base = self.studio.bases.get(doodle.base_image)
                return {
                    self.canvas: gr.update(value=doodle.png, base=self._backdrop(base)),
                    self.base: base.id,
                }
        return {self.canvas: gr.skip()}

    def _save(self, values: Updates) -> Updates:
        try:
            preset = self._edited(values)
            version = self.studio.presets.save(preset)
        except StudioError as error:
            return {self.notice: _notice(str(error), "error")}
        return {
            self.preset: gr.update(choices=self._choices(), value=preset.slug),
            self.loaded: version,
            self.notice: _notice(f"Saved {preset.name}, version {version.number}.", "status"),
        }

    def _load(self, slug: str) -> Updates:
        try:
            version = self.studio.presets.version(slug)
        except StudioError as error:
            return {self.notice: _notice(str(error), "error")}
        notice = (
            f"{version.preset.name}, version {version.number}, from {version.created:%d %B %Y}."
        )
        return {**self._shown(version.preset), self.loaded: version, self.notice: _notice(notice, "status")}  # fmt: skip

    def _refresh(self) -> Updates:
        """A page that is opened shows what was saved last, also since the server began.

        What has not changed is left alone, so that nobody's first typing is overwritten.
        """
        version = self.studio.presets.last_saved()
        chosen = {self.preset: gr.update(choices=self._choices(), value=version.preset.slug)}
        if version == self.first:
            return chosen
        return {**chosen, **self._shown(version.preset), self.loaded: version}

    def _edited(self, values: Updates) -> Preset:
        """The loaded preset with everything the operator has changed on the page."""
        loaded: PresetVersion = values[self.loaded]
        name = (values[self.name] or "").strip()
        slug = loaded.preset.slug if name == loaded.preset.name else slug_of(name)
        if not slug:
            raise InputError("the preset has no name with letters or digits: type one")
        recipes = loaded.preset.recipes
        for form in self.forms:
            recipes = recipes.replace(form.letter, form.read(recipes[form.letter], values))
        changes = {
            "slug": slug,
            "name": name,
            "prompt": values[self.prompt] or "",
            "recipes": recipes,
        }
        try:
            preset = Preset.model_validate(loaded.preset.model_dump() | changes)
        except ValidationError as error:
            raise BadDocument(f"the preset does not hold: {explain(error)}") from None
        return with_hashes(preset, self.studio.catalogue)

    def _shown(self, preset: Preset) -> Updates:
        shown: Updates = {self.prompt: preset.prompt, self.name: preset.name}
        for form in self.forms:
            shown.update(form.show(preset.recipes[form.letter]))
        return shown

    def _choices(self) -> list[tuple[str, str]]:
        return [(each.name, each.slug) for each in self.studio.presets.summaries()]

    def _backdrop(self, base: BaseImage) -> Backdrop:
        src = png_url(self.studio.bases.png(base))
        return Backdrop(src=src, name=base.name, width=base.width, height=base.height)


def _seed(number: float | None) -> int | None:
    return None if number is None or number < 0 else int(number)


def _ending(cards: list[Card]) -> str:
    done = [card for card in cards if card.state == "done"]
    if len(done) == len(cards):
        return f"Four variants in {sum(c.variant.timings.render for c in done if c.variant):.1f} s."
    failed = [card.letter for card in cards if card.state == "failed"]
    if failed:
        return f"{len(done)} of 4 variants made; {', '.join(failed)} failed, as the card says."
    return f"Stopped with {len(done)} of 4 variants made."


def _notice(text: str, role: str) -> str:
    kind = "alert" if role == "error" else "status"
    return f'<div class="notice notice-{role}" role="{kind}">{html.escape(text)}</div>'
