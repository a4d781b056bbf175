"""The panel of a run: prompt and seed, Generate and Stop, and the results as their events come."""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from statistics import median
from threading import Lock

import gradio as gr

from studio.app import AppContainer
from studio.errors import InvalidInputError, NotFoundError, StorageUnavailableError, StudioError
from studio.messages import message
from studio.recipes.generation.events import Event, ModelLoading
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.evaluation.run_metrics import run_metrics
from studio.services.rendering.run import Run
from studio.ui.browser_calls import on_event
from studio.ui.components import Number
from studio.ui.events import STREAMED, UNQUEUED, Components, ComponentUpdates, RequestReader
from studio.ui.field_errors import FieldValidationError
from studio.ui.notices import render_notice, run_summary
from studio.ui.result_cards import ResultCard, RunJson, run_json
from studio.ui.result_grid import ResultGrid
from studio.ui.sketch_canvas import SketchCanvas
from studio.ui.texts import Texts

MAX_SEED = 2**32 - 1
"""The largest seed of a recipe (`SeedPolicy`)."""
_URL_MODULE = "studio/url-params.js"
_RECENT_VARIANTS = 60
"""Variants by which the time to load a model is told."""


class RunPanel:
    """`prompt` and `seed` are inputs of a request; `results` shows its variants."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self._start_lock = Lock()
        self._active_runs: dict[str, Run] = {}
        """The run that each page shows while it goes on, by Gradio's session hash."""
        self.run_id = gr.Textbox("", visible=False)
        with gr.Row(elem_id="run-bar"):
            self._build_inputs()
            self._build_buttons()
        self.notice = gr.HTML(elem_id="notice")
        self.results = ResultGrid(elem_id="grid")

    def _build_inputs(self) -> None:
        t = self.texts
        self.prompt = gr.Textbox(
            label=t("studio.user_prompt"),
            placeholder=t("studio.user_prompt_example"),
            lines=1,
            elem_id="user-prompt",
            scale=3,
        )
        self.seed = Number(-1, label=t("studio.seed"), elem_id="seed", scale=1, min_width=120)
        self.random = gr.Button(
            t("studio.seed_random"), elem_id="random-seed", min_width=40, scale=0
        )

    def _build_buttons(self) -> None:
        t = self.texts
        self.generate = gr.Button(t("studio.generate"), variant="primary", elem_id="generate")
        self.stop = gr.Button(t("studio.stop"), elem_id="stop", interactive=False)
        self.attach = gr.Button(t("studio.attach_to_run"), elem_id="attach-run")

    def bind(
        self, request: RequestReader, request_inputs: Components, canvas: SketchCanvas
    ) -> None:
        """Binds the handlers.

        `request` makes a request from the values of `request_inputs`, with the drawing on `canvas`; it may
        raise StudioError.
        """

        def generate(
            values: ComponentUpdates, gradio_request: gr.Request
        ) -> Iterator[ComponentUpdates]:
            try:
                generation = request(values)
            except StudioError as error:
                yield self._refuse(error)
                return
            yield from self._generate(str(gradio_request.session_hash), generation)

        outputs = {self.results, self.notice, self.run_id, self.generate, self.stop}
        started = gr.on(
            [self.generate.click, self.prompt.submit],
            generate,
            request_inputs,
            outputs,
            js=canvas.read_drawing(request_inputs),
            **STREAMED,
        )
        started.failure(None, None, None, js=on_event("results/index.js", "refuseRun"))
        read_run_id = on_event(_URL_MODULE, "readRunId")
        self.attach.click(self._attach_to_run, self.run_id, outputs, js=read_run_id, **STREAMED)
        self.run_id.change(None, self.run_id, js=on_event(_URL_MODULE, "writeRunId"))
        self.stop.click(self._stop, self.run_id, None, **UNQUEUED)
        toggle_seed = on_event("results/prompt-bar.js", "toggleSeed")
        self.random.click(None, self.seed, self.seed, js=toggle_seed)

    def _refuse(self, error: StudioError) -> ComponentUpdates:
        """There is no run, and why: the results are shown as they were before the click."""
        return {
            self.notice: render_notice(self.texts.of(error), "error"),
            self.results: run_json(secrets.token_hex(4), "refused", {}, self.texts),
        }

    def _generate(self, page: str, request: GenerationRequest) -> Iterator[ComponentUpdates]:
        """Starts a run and streams its events. `page` is the session hash of the page."""
        try:
            run = self._start(page, request)
        except StudioError as error:
            yield self._refuse(error)
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
        started = self._run_json(run.request, "running", cards)
        started["before"] = self._count_runs_before(run)
        yield {
            self.run_id: run.request.id,
            self.notice: "",
            self.generate: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
            self.results: started,
        }
        for event in run.events():
            card = cards[event.slot].apply_event(event, time.monotonic())
            cards[event.slot] = self._tell_loading_time(card, event)
            of_slot = {event.slot: cards[event.slot].to_json(self.texts)}
            started = started | {"cards": {**started["cards"], **of_slot}}
            yield {self.results: started}
        is_whole = all(card.state == "done" for card in cards.values())
        summary = render_notice(
            self.texts.of(run_summary(list(cards.values()))), "done" if is_whole else "status"
        )
        ended = self._run_json(run.request, "ended", cards)
        ended["metrics"] = self._metrics(run.request, cards)
        yield {
            self.generate: gr.update(interactive=True),
            self.stop: gr.update(interactive=False),
            self.notice: summary,
            self.results: ended,
        }

    def _run_json(
        self, request: GenerationRequest, phase: str, cards: Mapping[Slot, ResultCard]
    ) -> RunJson:
        return run_json(request.id, phase, cards, self.texts) | {
            "theme": request.preset.slug,
            "prompt": request.user_prompt,
            "names": {slot: request.preset.recipes[slot].name for slot in SLOTS},
        }

    def _count_runs_before(self, run: Run) -> int:
        """How many runs are rendered before this one, as far as is known now."""
        active = self.studio.rendering.renders.active_runs()
        return active.index(run) if run in active else 0

    def _tell_loading_time(self, card: ResultCard, event: Event) -> ResultCard:
        """The card with how long the model that is loaded took lately, where that is known."""
        if not isinstance(event, ModelLoading):
            return card
        variants = []
        with suppress(StorageUnavailableError):
            variants = list(self.studio.stores.variants.list_latest(_RECENT_VARIANTS))
        seconds = [
            variant.timings.load_seconds
            for variant in variants
            if variant.timings.load_seconds >= 1
            and any(model.name == event.model for model in variant.models)
        ]
        if not seconds:
            return card
        text = message(
            "studio.card_loading_about", model=event.model, seconds=round(median(seconds))
        )
        return replace(card, message=text)

    def _metrics(
        self, request: GenerationRequest, cards: Mapping[Slot, ResultCard]
    ) -> list[dict[str, object]]:
        version = (request.preset.slug, request.theme_version)
        pngs = [card.png for card in cards.values() if card.png is not None]
        doodle = request.doodle.png_bytes if request.doodle else None
        found = run_metrics(self.studio.evaluation.suites, version, pngs, doodle)
        return [metric.model_dump() for metric in found]

    def _show_stored_variants(self, run_id: str, error: NotFoundError) -> ComponentUpdates:
        """The stored variants of a run that has ended; `error` where there are none."""
        variants = self.studio.stores.variants.list_for_request(run_id)
        if not variants:
            text = self.texts("studio.sentence", text=self.texts.of(error))
            lost = render_notice(text, "error", self.texts("studio.run_lost"))
            return self._refuse(error) | {self.notice: lost}
        notice = self.texts("studio.stored_variants_many", count=len(variants))
        if len(variants) == 1:
            notice = self.texts("studio.stored_variants_one")
        unfinished = message("studio.unfinished")
        cards = {slot: ResultCard(slot, "failed", message=unfinished) for slot in SLOTS}
        for variant in variants:
            cards[variant.slot] = ResultCard(variant.slot, "done", variant=variant)
        stored = run_json(run_id, "stored", cards, self.texts) | {
            "theme": variants[0].theme_slug,
            "prompt": variants[0].user_prompt or "",
            "names": {variant.slot: variant.recipe.name for variant in variants},
            "selected_slot": self.studio.stores.selections.list_slots([run_id]).get(run_id, ""),
        }
        return {self.notice: render_notice(notice, "status"), self.results: stored}

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
