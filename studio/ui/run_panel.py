"""The panel of a run: words and seed, Generate and Stop, the four pictures as they come."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

import gradio as gr

from studio.app import AppContainer
from studio.errors import InvalidInputError, NotFoundError, StorageUnavailableError, StudioError
from studio.messages import message
from studio.recipes.generation.events import JobCompleted
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.evaluation.quality_metrics import compute_run_metrics
from studio.services.rendering.run import Run
from studio.ui.components import CompareDialog, Number
from studio.ui.events import STREAMED, UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice, render_quality_metrics, run_summary
from studio.ui.recipe_form import FieldValidationError
from studio.ui.result_cards import ResultCard
from studio.ui.texts import Texts

MAX_SEED = 2**32 - 1
# The run's address: a reload, or a second screen, goes on with the run it names.
WRITE_RUN_PARAM_JS = "id => { if (id) history.replaceState(null, '', `?run=${id}`); }"
READ_RUN_PARAM_JS = "() => [new URLSearchParams(location.search).get('run')]"


class RunPanel:
    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self._starting = Lock()
        self._under_way: dict[str, Run] = {}
        """Of each page that draws, its run."""
        self.run_id = gr.Textbox("", visible=False)
        with gr.Row(elem_id="ask"):
            self.prompt = gr.Textbox(
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
        self.viewer = CompareDialog(texts, elem_id="viewer")
        with gr.Group(elem_id="grid"):
            self.cards = {
                slot: gr.HTML(ResultCard(slot).render(texts), elem_id=f"card-{slot}")
                for slot in SLOTS
            }

    def bind(
        self, request: Callable[[ComponentUpdates], GenerationRequest], request_inputs: Components
    ) -> list[Any]:
        """`request` reads what the page asks for from the values of `request_inputs`.

        Returns the events that change what is asked for.
        """
        outputs = {*self.cards.values(), self.notice, self.run_id, self.generate, self.stop}

        def generate(
            values: ComponentUpdates, gradio_request: gr.Request
        ) -> Iterator[ComponentUpdates]:
            page = str(gradio_request.session_hash)
            try:
                run = self._started(page, request(values))
            except StudioError as error:
                yield {self.notice: render_notice(self.texts.of(error), "error")}
                return
            try:
                yield from self._stream_events(run)
            finally:
                with self._starting:
                    if self._under_way.get(page) is run:
                        del self._under_way[page]

        gr.on(
            [self.generate.click, self.prompt.submit], generate, request_inputs, outputs, **STREAMED
        )
        self.attach.click(
            self._attach_to_run, self.run_id, outputs, js=READ_RUN_PARAM_JS, **STREAMED
        )
        self.run_id.change(None, self.run_id, js=WRITE_RUN_PARAM_JS)
        self.stop.click(self._stop, self.run_id, None, **UNQUEUED)
        return [self.random.click(lambda: -1, None, self.seed, **UNQUEUED)]

    def _started(self, page: str, request: GenerationRequest) -> Run:
        """A page's run. Two clicks before the button is locked are one: the second follows the first.

        Raises InputError for another request while one is under way.
        """
        with self._starting:
            before = self._under_way.get(page)
            if before is None or not before.pending_slots:
                run = self._under_way[page] = self.studio.rendering.renders.start(request)
                return run
        same = {"id": before.request.id, "seed": before.request.seed}
        if request.model_copy(update=same) != before.request:
            raise InvalidInputError("studio.run_under_way")
        return before

    def _attach_to_run(self, run_id: str | None) -> Iterator[ComponentUpdates]:
        """The run of that id as it goes on, or what was kept of one that has ended."""
        try:
            yield from self._stream_events(self.studio.rendering.renders.run(run_id or ""))
        except NotFoundError as error:
            yield self._show_stored_variants(run_id or "", error)

    def _stream_events(self, run: Run) -> Iterator[ComponentUpdates]:
        """A run's events on the page. A page that is left does not end it; Stop does."""
        cards = {slot: ResultCard(slot) for slot in SLOTS}
        yield {
            self.run_id: run.request.id,
            self.notice: "",
            self.generate: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
        }
        for event in run.events():
            cards[event.slot] = cards[event.slot].apply_event(event, time.monotonic())
            yield {self.cards[event.slot]: cards[event.slot].render(self.texts)}
        yield {
            self.generate: gr.update(interactive=True),
            self.stop: gr.update(interactive=False),
            self.notice: render_notice(self.texts.of(run_summary(list(cards.values()))), "status")
            + self._quality_metrics(run.request, cards),
        }

    def _quality_metrics(self, request: GenerationRequest, cards: Mapping[Slot, ResultCard]) -> str:
        """How the four are, beside what seeds alone would have changed, where a sheet tells that."""
        images = [card.png for card in cards.values() if card.png is not None]
        if len(images) < len(cards):
            return ""
        number, sheet = request.theme_version, None
        if number is not None:
            with suppress(StorageUnavailableError):  # The run has ended well all the same.
                sheet = self.studio.evaluation.suites.regression(request.preset.slug, number)
        of_seeds = sheet.metrics.seed_diversity if sheet else None
        return render_quality_metrics(compute_run_metrics(request, images), of_seeds, self.texts)

    def _show_stored_variants(self, run_id: str, error: NotFoundError) -> ComponentUpdates:
        variants = self.studio.stores.variants.list_for_request(run_id)
        if not variants:
            why = self.texts("studio.sentence", text=self.texts.of(error))
            return {self.notice: render_notice(why, "error", self.texts("studio.run_lost"))}
        notice = self.texts("studio.kept_many", count=len(variants))
        if len(variants) == 1:
            notice = self.texts("studio.kept_one")
        updates: ComponentUpdates = {self.notice: render_notice(notice, "status")} | {
            self.cards[slot]: ResultCard(
                slot, "failed", message=message("studio.unfinished")
            ).render(self.texts)
            for slot in SLOTS
        }
        for variant in variants:
            done = JobCompleted(
                slot=variant.slot, variant=variant, png=self.studio.stores.variants.png(variant)
            )
            updates[self.cards[variant.slot]] = (
                ResultCard(variant.slot).apply_event(done).render(self.texts)
            )
        return updates

    def _stop(self, run_id: str) -> None:
        self.studio.rendering.renders.cancel(run_id)


def parse_seed(number: float | None) -> int | None:
    """The seed box's value; None, for a random one, where it is empty or -1.

    Raises BadField, which names the box, for anything else than a whole number in range.
    """
    if number is None or number == -1:
        return None
    if number == int(number) and 0 <= number <= MAX_SEED:
        return int(number)
    seed, range_ = f"{number:.12g}", message("studio.seed_range", most=str(MAX_SEED))
    if number != int(number):
        raise FieldValidationError(
            "studio.seed_not_whole", {"seed": range_}, seed=seed, range=range_
        )
    raise FieldValidationError(
        "studio.seed_out_of_range", {"seed": range_}, seed=seed, range=range_
    )
