"""The panel of a run: prompt and seed, Generate and Stop, and the four cards as their events come."""

import time
from collections.abc import Iterator, Mapping
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
from studio.ui.browser_calls import on_event
from studio.ui.components import CompareDialog, Number
from studio.ui.events import STREAMED, UNQUEUED, Components, ComponentUpdates, RequestReader
from studio.ui.field_errors import FieldValidationError
from studio.ui.notices import render_notice, render_quality_metrics, run_summary
from studio.ui.result_cards import ResultCard
from studio.ui.texts import Texts

MAX_SEED = 2**32 - 1
"""The largest seed of a recipe (`SeedPolicy`)."""
_URL_MODULE = "studio/url-params.js"


class RunPanel:
    """`prompt` and `seed` are inputs of a request; `cards` show its variants by slot."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self._start_lock = Lock()
        self._active_runs: dict[str, Run] = {}
        """The run that each page shows while it goes on, by Gradio's session hash."""
        self.run_id = gr.Textbox("", visible=False)
        with gr.Column(elem_id="run-bar"):
            self._build_inputs()
            self._build_buttons()
        self.notice = gr.HTML(elem_id="notice")
        CompareDialog(texts, elem_id="viewer")
        with gr.Group(elem_id="grid"):
            self.cards = {
                slot: gr.HTML(ResultCard(slot).render(texts), elem_id=f"card-{slot}")
                for slot in SLOTS
            }

    def _build_inputs(self) -> None:
        t = self.texts
        with gr.Row(elem_id="prompt-row"):
            self.prompt = gr.Textbox(
                label=t("studio.user_prompt"),
                placeholder=t("studio.user_prompt_example"),
                lines=1,
                elem_id="user-prompt",
                scale=3,
            )
            self.seed = Number(-1, label=t("studio.seed"), elem_id="seed", scale=1, min_width=120)
            self.random = gr.Button(
                t("studio.seed_random"), elem_id="random-seed", min_width=90, scale=0
            )

    def _build_buttons(self) -> None:
        t = self.texts
        with gr.Row(elem_id="run-buttons"):
            self.generate = gr.Button(
                t("studio.generate"), variant="primary", elem_id="generate", scale=3
            )
            self.stop = gr.Button(
                t("studio.stop"), elem_id="stop", interactive=False, scale=1, min_width=90
            )
            self.attach = gr.Button(t("studio.attach_to_run"), elem_id="attach-run")

    def bind(self, request: RequestReader, request_inputs: Components) -> list[Any]:
        """Binds the handlers. Returns the events that change the request.

        `request` makes a request from the values of `request_inputs`; it may raise StudioError.
        """

        def generate(
            values: ComponentUpdates, gradio_request: gr.Request
        ) -> Iterator[ComponentUpdates]:
            try:
                generation = request(values)
            except StudioError as error:
                yield {self.notice: render_notice(self.texts.of(error), "error")}
                return
            yield from self._generate(str(gradio_request.session_hash), generation)

        outputs = {*self.cards.values(), self.notice, self.run_id, self.generate, self.stop}
        gr.on(
            [self.generate.click, self.prompt.submit], generate, request_inputs, outputs, **STREAMED
        )
        read_run_id = on_event(_URL_MODULE, "readRunId")
        self.attach.click(self._attach_to_run, self.run_id, outputs, js=read_run_id, **STREAMED)
        self.run_id.change(None, self.run_id, js=on_event(_URL_MODULE, "writeRunId"))
        self.stop.click(self._stop, self.run_id, None, **UNQUEUED)
        return [self.random.click(lambda: -1, None, self.seed, **UNQUEUED)]

    def _generate(self, page: str, request: GenerationRequest) -> Iterator[ComponentUpdates]:
        """Starts a run and streams its events. `page` is the session hash of the page."""
        try:
            run = self._start(page, request)
        except StudioError as error:
            yield {self.notice: render_notice(self.texts.of(error), "error")}
            return
        yield from self._stream_events(page, run)

    def _start(self, page: str, request: GenerationRequest) -> Run:
        """Starts a run, or returns the page's run of the same request, for the second of two clicks.

        Raises InvalidInputError for another request while the page's run goes on.
        """
        with self._start_lock:
            active = self._active_runs.get(page)
            if active is None or not active.pending_slots:
                run = self._active_runs[page] = self.studio.rendering.renders.start(request)
                return run
        same = {"id": active.request.id, "seed": active.request.seed}
        if request.model_copy(update=same) != active.request:
            raise InvalidInputError("studio.run_active")
        return active

    def _attach_to_run(
        self, run_id: str | None, gradio_request: gr.Request
    ) -> Iterator[ComponentUpdates]:
        """Streams the events of a run that goes on, or shows the stored variants of one that ended."""
        try:
            run = self.studio.rendering.renders.run(run_id or "")
            yield from self._stream_events(str(gradio_request.session_hash), run)
        except NotFoundError as error:
            yield self._show_stored_variants(run_id or "", error)

    def _stream_events(self, page: str, run: Run) -> Iterator[ComponentUpdates]:
        """The updates of a run's events. The run goes on when the page is closed; Stop cancels it."""
        with self._start_lock:
            self._active_runs[page] = run
        try:
            yield from self._updates(run)
        finally:
            with self._start_lock:
                if self._active_runs.get(page) is run:
                    del self._active_runs[page]

    def _updates(self, run: Run) -> Iterator[ComponentUpdates]:
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
        summary = render_notice(self.texts.of(run_summary(list(cards.values()))), "status")
        yield {
            self.generate: gr.update(interactive=True),
            self.stop: gr.update(interactive=False),
            self.notice: summary + self._quality_metrics(run.request, cards),
        }

    def _quality_metrics(self, request: GenerationRequest, cards: Mapping[Slot, ResultCard]) -> str:
        """The metrics of four finished variants as HTML, with the seed diversity of the version's report."""
        images = [card.png for card in cards.values() if card.png is not None]
        if len(images) < len(cards):
            return ""
        version, report = request.theme_version, None
        if version is not None:
            with suppress(StorageUnavailableError):  # The variants are finished all the same.
                report = self.studio.evaluation.suites.regression(request.preset.slug, version)
        of_seeds = report.metrics.seed_diversity if report else None
        return render_quality_metrics(compute_run_metrics(request, images), of_seeds, self.texts)

    def _show_stored_variants(self, run_id: str, error: NotFoundError) -> ComponentUpdates:
        """The stored variants of a run that has ended; `error` where there are none."""
        variants = self.studio.stores.variants.list_for_request(run_id)
        if not variants:
            text = self.texts("studio.sentence", text=self.texts.of(error))
            return {self.notice: render_notice(text, "error", self.texts("studio.run_lost"))}
        notice = self.texts("studio.stored_variants_many", count=len(variants))
        if len(variants) == 1:
            notice = self.texts("studio.stored_variants_one")
        unfinished = message("studio.unfinished")
        cards = {slot: ResultCard(slot, "failed", message=unfinished) for slot in SLOTS}
        for variant in variants:
            png = self.studio.stores.variants.png(variant)
            completed = JobCompleted(slot=variant.slot, variant=variant, png=png)
            cards[variant.slot] = ResultCard(variant.slot).apply_event(completed)
        return {
            self.notice: render_notice(notice, "status"),
            **{self.cards[slot]: card.render(self.texts) for slot, card in cards.items()},
        }

    def _stop(self, run_id: str, gradio_request: gr.Request) -> None:
        """Cancels the run that the page follows.

        The page's own value of `run_id` may be late: a slow browser sends the one before.
        """
        with self._start_lock:
            active = self._active_runs.get(str(gradio_request.session_hash))
        self.studio.rendering.renders.cancel(active.request.id if active else run_id)


def parse_seed(number: float | None) -> int | None:
    """The value of the seed field; None, for a random seed, where it is empty or -1.

    Raises FieldValidationError for anything else than a whole number from 0 to MAX_SEED.
    """
    if number is None or number == -1:
        return None
    if number == int(number) and 0 <= number <= MAX_SEED:
        return int(number)
    seed, range_ = f"{number:.12g}", message("studio.seed_range", most=str(MAX_SEED))
    code = "studio.seed_not_whole" if number != int(number) else "studio.seed_out_of_range"
    raise FieldValidationError(code, {"seed": range_}, seed=seed, range=range_)
