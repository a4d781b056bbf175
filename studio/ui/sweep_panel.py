"""The panel of sweeps: one recipe over the values of one to three of its fields, as contact sheets."""

import html
import secrets
import time
from collections.abc import Generator, Iterator, Mapping
from functools import partial

import gradio as gr

from studio.app import AppContainer
from studio.errors import InvalidInputError, StudioError
from studio.messages import Message, message
from studio.recipes.generation.diff import FIELD_LABELS
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.sweep import Axis
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.background_tasks import About, ProgressCallback, TaskProgress
from studio.services.cost_estimates import Costs, format_duration
from studio.services.rendering.sweep import (
    Sweep,
    estimate_cost,
    iter_render,
    load_axis_themes,
    make_contact_sheets,
    sweep_cache,
)
from studio.ui.browser_calls import on_event
from studio.ui.components import to_data_url
from studio.ui.events import STREAMED, UNQUEUED, Components, ComponentUpdates, RequestReader
from studio.ui.notices import render_notice
from studio.ui.result_cards import progress_bar
from studio.ui.sketch_canvas import SketchCanvas
from studio.ui.texts import Texts

SWEEPABLE_FIELDS: Mapping[str, Message] = {
    "": message("recipe.none"),
    "denoising_strength": FIELD_LABELS["denoising_strength"],
    "guidance_scale": FIELD_LABELS["guidance_scale"],
    "steps": FIELD_LABELS["steps"],
    "sampler": FIELD_LABELS["sampler"],
    "schedule_type": FIELD_LABELS["schedule_type"],
    "seed": message("studio.sweep_seed"),
    "prompt": message("studio.sweep_prompt"),
    "preset": message("studio.sweep_theme"),
    "base_model.name": message("recipe.base_model"),
    "loras.0.model.name": message("studio.lora", slot=1),
    "loras.0.weight": message("studio.sweep_lora_weight", slot=1),
    "control_units.0.weight": message("studio.sweep_unit_weight", slot=1),
    "control_units.0.end": message("studio.sweep_unit_end", slot=1),
    "control_units.1.weight": message("studio.sweep_unit_weight", slot=2),
    "guidance_rescale": FIELD_LABELS["guidance_rescale"],
    "guidance_end_fraction": FIELD_LABELS["guidance_end_fraction"],
    "clip_skip": FIELD_LABELS["clip_skip"],
    "deepcache_interval": FIELD_LABELS["deepcache_interval"],
}
"""The fields that the panel lists, by path, with their names. Any other field can be typed by its path."""
INITIAL_AXES = (("X", "denoising_strength", "0.4..0.8/5"), ("Y", "", ""), ("Z", "", ""))
"""The axes with their fields and values on a new page."""
POLL_SECONDS = 0.25
"""How often a page asks for the progress of its sweep."""


class SweepPanel:
    """Defines a sweep, estimates its cost, and runs it as a background task after a confirmation."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.cache = sweep_cache(studio.rendering.renders, studio.settings.data_dir / "sweeps")
        self.costs = Costs(studio.stores.variants, self.cache)
        self.axes: list[tuple[gr.Dropdown, gr.Textbox]] = []
        with gr.Accordion(texts("studio.sweep"), open=False, elem_id="sweep") as self.box:
            with gr.Row(elem_classes="fields"):
                self.slot = gr.Dropdown(
                    list(SLOTS),
                    value="A",
                    label=texts("studio.sweep_recipe"),
                    elem_id="sweep-slot",
                    scale=1,
                )
            for axis, field, values in INITIAL_AXES:
                self.axes.append(self._build_axis(axis, field, values))
            self._build_buttons()
            self.cost = gr.Textbox("", visible=False)
            self.task_name = gr.Textbox("", visible=False)
            self.status = gr.HTML(elem_id="sweep-status")
            self.sheets = gr.HTML(elem_id="sweep-sheets")

    def _build_axis(self, axis: str, field: str, values: str) -> tuple[gr.Dropdown, gr.Textbox]:
        t = self.texts
        with gr.Row(elem_classes="fields"):
            return (
                gr.Dropdown(
                    [(t.of(name), path) for path, name in SWEEPABLE_FIELDS.items()],
                    value=field,
                    label=t("studio.sweep_axis", axis=axis),
                    allow_custom_value=True,
                    elem_id=f"sweep-{axis}",
                    scale=1,
                ),
                gr.Textbox(
                    values,
                    label=t("studio.sweep_values", axis=axis),
                    placeholder=t("studio.sweep_values_example"),
                    max_length=2000,
                    elem_id=f"sweep-{axis}-values",
                    scale=2,
                ),
            )

    def _build_buttons(self) -> None:
        t = self.texts
        with gr.Row(elem_classes="actions"):
            self.count = gr.Button(t("studio.sweep_count"), size="sm", elem_id="sweep-estimate")
            self.start = gr.Button(
                t("studio.sweep_run"), variant="primary", size="sm", elem_id="sweep-start"
            )
            self.stop = gr.Button(
                t("studio.sweep_stop"), size="sm", interactive=False, elem_id="sweep-stop"
            )
            self.run = gr.Button(t("studio.sweep_run_confirmed"), elem_id="sweep-run")

    def bind(
        self, request: RequestReader, request_inputs: Components, canvas: SketchCanvas
    ) -> None:
        """Binds the handlers.

        `request` makes a request from the values of `request_inputs`, with the drawing on `canvas`; it may
        raise StudioError.
        """
        axes = {component for axis in self.axes for component in axis}
        inputs: Components = {*request_inputs, self.slot, *axes}
        read_drawing = canvas.read_drawing(inputs)
        estimated: Components = {self.status, self.cost}
        estimate = partial(self._estimate, request)
        self.count.click(estimate, inputs, estimated, js=read_drawing, **UNQUEUED)
        # The browser asks for a confirmation with the cost, and clicks the hidden button `run`.
        confirm = on_event("studio/confirmations.js", "confirmSweep")
        started = self.start.click(estimate, inputs, estimated, js=read_drawing, **UNQUEUED)
        started.then(None, self.cost, None, js=confirm)
        outputs: Components = {self.status, self.sheets, self.start, self.stop, self.task_name}
        run = partial(self._run, request)
        self.run.click(run, inputs, outputs, js=read_drawing, **STREAMED)
        # Not by Gradio's `cancels`: it cannot end a generator that waits for a renderer.
        self.stop.click(self.studio.background_tasks.cancel, self.task_name, None, **UNQUEUED)
        self.box.expand(self._attach, self.task_name, outputs, **STREAMED)

    def _estimate(self, request: RequestReader, values: ComponentUpdates) -> ComponentUpdates:
        """Shows the cost of the panel's sweep."""
        try:
            cost = self._cost_message(self._sweep(request(values), values))
        except StudioError as error:
            return {self.status: render_notice(self.texts.of(error), "error"), self.cost: ""}
        return {self.status: render_notice(cost, "status"), self.cost: cost}

    def _run(self, request: RequestReader, values: ComponentUpdates) -> Iterator[ComponentUpdates]:
        """Renders the panel's sweep and shows its contact sheets."""
        try:
            yield from self._render(self._sweep(request(values), values))
        except StudioError as error:
            yield {
                **self._idle_updates,
                self.status: render_notice(self.texts.of(error), "error"),
            }

    def _sweep(self, request: GenerationRequest, values: ComponentUpdates) -> Sweep:
        """The sweep of the panel's values. Raises InvalidInputError for invalid or missing axes."""
        rows = [(values[field] or "", values[text] or "") for field, text in self.axes]
        axes = [Axis.parse(f"{field}={text}") for field, text in rows if field]
        if not axes:
            raise InvalidInputError("studio.sweep_no_axis")
        slot: Slot = values[self.slot]
        return Sweep(request, slot, axes, load_axis_themes(axes, self.studio.stores.themes))

    def _cost_message(self, sweep: Sweep) -> str:
        """How many images a sweep renders, how many are cached, and about how long it takes."""
        cost = estimate_cost(sweep, self.cache)
        text = message(
            "studio.sweep_cost", images=cost.images, kept=cost.cached, switches=cost.model_switches
        )
        seconds = self.costs.of(job for _, job in sweep.jobs()).seconds
        if seconds:
            text = message("studio.sweep_cost_time", cost=text, time=format_duration(seconds))
        return self.texts.of(text)

    def _render(self, sweep: Sweep) -> Iterator[ComponentUpdates]:
        """Runs a sweep as a background task, which every page can show and cancel."""
        tasks, request = self.studio.background_tasks, sweep.request
        name = f"sweep/{secrets.token_hex(8)}"

        def render(report: ProgressCallback) -> None:
            report(0, len(sweep.jobs()))
            for done, total in iter_render(sweep, self.cache):
                report(done, total)

        tasks.start(name, About("sweep", request.preset.name, "/", request.theme_version), render)
        progress = yield from self._follow(name)
        if progress.state == "done":
            sheets = make_contact_sheets(sweep, self.cache)
            yield {self.sheets: "".join(_sheet(file, png, self.texts) for file, png in sheets)}

    def _attach(self, task_name: str) -> Iterator[ComponentUpdates]:
        """Follows the newest running sweep, unless the page's own, `task_name`, is running."""
        tasks = self.studio.background_tasks
        own = tasks.progress(task_name)
        running = [task.name for task in tasks.list_running() if task.about.kind == "sweep"]
        if running and (own is None or own.state != "running"):
            yield from self._follow(running[0])
        else:
            yield {self.task_name: task_name}

    def _follow(self, name: str) -> Generator[ComponentUpdates, None, TaskProgress]:
        """Shows the progress of a sweep until it ends. Returns how it ended."""
        yield {
            self.task_name: name,
            self.start: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
            self.sheets: "",
        }
        progress = self.studio.background_tasks.progress(name)
        while progress is not None and progress.state == "running":
            if progress.total:
                yield {self.status: _progress(progress.done, progress.total, self.texts)}
            progress = self._wait_for_change(name, progress)
        ended = progress or TaskProgress(state="failed", message=message("sweep.unknown"))
        yield {**self._idle_updates, self.status: self._end_notice(ended)}
        return ended

    def _wait_for_change(self, name: str, progress: TaskProgress) -> TaskProgress | None:
        while (current := self.studio.background_tasks.progress(name)) == progress:
            time.sleep(POLL_SECONDS)
        return current

    def _end_notice(self, ended: TaskProgress) -> str:
        text = {
            "done": message("studio.sweep_done"),
            "stopped": message("studio.sweep_stopped"),
        }.get(ended.state, ended.message)
        role = "error" if ended.state == "failed" else "status"
        return render_notice(self.texts.of(text or ""), role)

    @property
    def _idle_updates(self) -> ComponentUpdates:
        return {self.start: gr.update(interactive=True), self.stop: gr.update(interactive=False)}


def _progress(done: int, total: int, texts: Texts) -> str:
    text = texts("studio.sweep_image", done=done, total=total)
    return f"<p>{text}</p>{progress_bar(done, total, texts('studio.sweep'))}"


def _sheet(name: str, png: bytes, texts: Texts) -> str:
    url = to_data_url(png)
    return (
        f'<figure><img src="{url}" alt="{texts("studio.sweep_grid")}"><figcaption>'
        f'<a href="{url}" download="{html.escape(name)}">{texts("page.download")}</a>'
        "</figcaption></figure>"
    )
