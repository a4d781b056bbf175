"""The panel of a run: words and seed, Generate and Stop, the four pictures as they come."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.errors import InputError, NotFound, StoreUnavailable, StudioError
from studio.messages import message
from studio.recipes.events import Done
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Request
from studio.service.looking import run_looks
from studio.service.runs import Run
from studio.ui.components import Number, Viewer
from studio.ui.notices import ending, looks_html, notice
from studio.ui.recipe_form import BadField
from studio.ui.results import Card
from studio.ui.texts import Texts
from studio.ui.wiring import FOLLOWED, QUICK, Components, Updates

MAX_SEED = 2**32 - 1
# The run's address: a reload, or a second screen, goes on with the run it names.
NAME_RUN = "id => { if (id) history.replaceState(null, '', `?run=${id}`); }"
NAMED_RUN = "() => [new URLSearchParams(location.search).get('run')]"


class RunPanel:
    def __init__(self, studio: Studio, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self._starting = Lock()
        self._under_way: dict[str, Run] = {}
        """Of each page that draws, its run."""
        self.run_id = gr.Textbox("", visible=False)
        with gr.Row(elem_id="ask"):
            self.words = gr.Textbox(
                label=texts("studio.words"),
                placeholder=texts("studio.words_example"),
                lines=1,
                elem_id="words",
                scale=3,
            )
            self.seed = Number(
                -1, label=texts("studio.seed"), elem_id="seed", scale=1, min_width=120
            )
            self.random = gr.Button(
                texts("studio.seed_random"), elem_id="random-seed", min_width=90, scale=0
            )
        with gr.Row(elem_id="go"):
            self.generate = gr.Button(
                texts("studio.generate"), variant="primary", elem_id="generate", scale=3
            )
            self.stop = gr.Button(
                texts("studio.stop"), elem_id="stop", interactive=False, scale=1, min_width=90
            )
            self.attach = gr.Button(texts("studio.follow_named_run"), elem_id="attach")
        self.notice = gr.HTML(elem_id="notice")
        self.viewer = Viewer(texts, elem_id="viewer")
        with gr.Group(elem_id="grid"):
            self.cards = {
                letter: gr.HTML(Card(letter).html(texts), elem_id=f"card-{letter}")
                for letter in LETTERS
            }

    def wire(self, request: Callable[[Updates], Request], asked: Components) -> list[Any]:
        """`request` reads what the page asks for from the values of `asked`.

        Returns the events that change what is asked for.
        """
        outputs = {*self.cards.values(), self.notice, self.run_id, self.generate, self.stop}

        def generate(values: Updates, asker: gr.Request) -> Iterator[Updates]:
            page = str(asker.session_hash)
            try:
                run = self._started(page, request(values))
            except StudioError as error:
                yield {self.notice: notice(self.texts.of(error), "error")}
                return
            try:
                yield from self._follow(run)
            finally:
                with self._starting:
                    if self._under_way.get(page) is run:
                        del self._under_way[page]

        gr.on([self.generate.click, self.words.submit], generate, asked, outputs, **FOLLOWED)
        self.attach.click(self._attach, self.run_id, outputs, js=NAMED_RUN, **FOLLOWED)
        self.run_id.change(None, self.run_id, js=NAME_RUN)
        self.stop.click(self._stop, self.run_id, None, **QUICK)
        return [self.random.click(lambda: -1, None, self.seed, **QUICK)]

    def _started(self, page: str, request: Request) -> Run:
        """A page's run. Two clicks before the button is locked are one: the second follows the first.

        Raises InputError for another request while one is under way.
        """
        with self._starting:
            before = self._under_way.get(page)
            if before is None or not before.open_letters:
                run = self._under_way[page] = self.studio.rendering.start(request)
                return run
        same = {"id": before.request.id, "seed": before.request.seed}
        if request.model_copy(update=same) != before.request:
            raise InputError("studio.run_under_way")
        return before

    def _attach(self, run_id: str | None) -> Iterator[Updates]:
        """The run of that id as it goes on, or what was kept of one that has ended."""
        try:
            yield from self._follow(self.studio.rendering.run(run_id or ""))
        except NotFound as error:
            yield self._kept(run_id or "", error)

    def _follow(self, run: Run) -> Iterator[Updates]:
        """A run's events on the page. A page that is left does not end it; Stop does."""
        cards = {letter: Card(letter) for letter in LETTERS}
        yield {
            self.run_id: run.request.id,
            self.notice: "",
            self.generate: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
        }
        for event in run.events():
            cards[event.letter] = cards[event.letter].after(event, time.monotonic())
            yield {self.cards[event.letter]: cards[event.letter].html(self.texts)}
        yield {
            self.generate: gr.update(interactive=True),
            self.stop: gr.update(interactive=False),
            self.notice: notice(self.texts.of(ending(list(cards.values()))), "status")
            + self._looks(run.request, cards),
        }

    def _looks(self, request: Request, cards: Mapping[Letter, Card]) -> str:
        """How the four are, beside what seeds alone would have changed, where a sheet tells that."""
        pictures = [card.png for card in cards.values() if card.png is not None]
        if len(pictures) < len(cards):
            return ""
        number, sheet = request.preset_version, None
        if number is not None:
            with suppress(StoreUnavailable):  # The run has ended well all the same.
                sheet = self.studio.reviewing.regression(request.preset.slug, number)
        of_seeds = sheet.looks.of_seeds if sheet else None
        return looks_html(run_looks(request, pictures), of_seeds, self.texts)

    def _kept(self, run_id: str, otherwise: NotFound) -> Updates:
        variants = self.studio.variants.of_request(run_id)
        if not variants:
            why = self.texts("studio.sentence", text=self.texts.of(otherwise))
            return {self.notice: notice(why, "error", self.texts("studio.run_lost"))}
        told = self.texts("studio.kept_many", count=len(variants))
        if len(variants) == 1:
            told = self.texts("studio.kept_one")
        updates: Updates = {self.notice: notice(told, "status")} | {
            self.cards[letter]: Card(letter, "failed", message=message("studio.unfinished")).html(
                self.texts
            )
            for letter in LETTERS
        }
        for variant in variants:
            done = Done(
                letter=variant.letter, variant=variant, png=self.studio.variants.png(variant)
            )
            updates[self.cards[variant.letter]] = Card(variant.letter).after(done).html(self.texts)
        return updates

    def _stop(self, run_id: str) -> None:
        self.studio.rendering.cancel(run_id)


def seed_of(number: float | None) -> int | None:
    """The seed box's value; None, for a random one, where it is empty or -1.

    Raises BadField, which names the box, for anything else than a whole number in range.
    """
    if number is None or number == -1:
        return None
    if number == int(number) and 0 <= number <= MAX_SEED:
        return int(number)
    seed, range_ = f"{number:.12g}", message("studio.seed_range", most=str(MAX_SEED))
    if number != int(number):
        raise BadField("studio.seed_not_whole", {"seed": range_}, seed=seed, range=range_)
    raise BadField("studio.seed_out_of_range", {"seed": range_}, seed=seed, range=range_)
