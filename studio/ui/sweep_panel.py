"""The panel of sweeps: one recipe over one to three of its fields, as a contact sheet."""

import html
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

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
from studio.ui.components import to_data_url
from studio.ui.events import STREAMED, UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
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
"""What is mostly swept, by its path; any other field can be typed by its path."""
ASK = "text => { if (text) document.dispatchEvent(new CustomEvent('studio-sweep', { detail: text })); }"
FOLLOWED_EVERY = 0.25
"""Seconds between looks at how far a sweep is."""


class SweepPanel:
    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.album = sweep_cache(studio.renders, studio.settings.data_dir / "sweeps")
        self.costs = Costs(studio.variants, self.album)
        self.axes: list[tuple[gr.Dropdown, gr.Textbox]] = []
        with gr.Accordion(texts("studio.sweep"), open=False, elem_id="sweep") as self.box:
            with gr.Row(elem_classes="fields"):
                self.slot = gr.Dropdown(
                    list(SLOTS),
                    value="A",
                    label=texts("studio.sweep_recipe"),
                    elem_id="sweep-letter",
                    scale=1,
                )
            for axis, start, first in (
                ("X", "denoising_strength", "0.4..0.8/5"),
                ("Y", "", ""),
                ("Z", "", ""),
            ):
                with gr.Row(elem_classes="fields"):
                    field = gr.Dropdown(
                        [(texts.of(name), path) for path, name in SWEEPABLE_FIELDS.items()],
                        value=start,
                        label=texts("studio.sweep_axis", axis=axis),
                        allow_custom_value=True,
                        elem_id=f"sweep-{axis}",
                        scale=1,
                    )
                    values = gr.Textbox(
                        first,
                        label=texts("studio.sweep_values", axis=axis),
                        placeholder=texts("studio.sweep_values_example"),
                        max_length=2000,
                        elem_id=f"sweep-{axis}-values",
                        scale=2,
                    )
                    self.axes.append((field, values))
            with gr.Row(elem_classes="acts"):
                self.count = gr.Button(
                    texts("studio.sweep_count"), size="sm", elem_id="sweep-count"
                )
                self.go = gr.Button(
                    texts("studio.sweep_run"), variant="primary", size="sm", elem_id="sweep-go"
                )
                self.stop = gr.Button(
                    texts("studio.sweep_stop"), size="sm", interactive=False, elem_id="sweep-stop"
                )
                self.run = gr.Button(texts("studio.sweep_run_confirmed"), elem_id="sweep-run")
            self.cost = gr.Textbox("", visible=False)
            self.chore = gr.Textbox("", visible=False)
            self.status = gr.HTML(elem_id="sweep-told")
            self.sheets = gr.HTML(elem_id="sweep-sheets")

    def bind(
        self, request: Callable[[ComponentUpdates], GenerationRequest], request_inputs: Components
    ) -> None:
        """`request` reads what the page asks for from the values of `request_inputs`."""
        inputs: Components = {
            *request_inputs,
            self.slot,
            *(part for axis in self.axes for part in axis),
        }
        outputs: Components = {self.status, self.sheets, self.go, self.stop, self.chore}

        def count(values: ComponentUpdates) -> ComponentUpdates:
            try:
                told = self._cost_message(self._sweep(request(values), values))
            except StudioError as error:
                return {self.status: render_notice(self.texts.of(error), "error"), self.cost: ""}
            return {self.status: render_notice(told, "status"), self.cost: told}

        def run(values: ComponentUpdates) -> Iterator[ComponentUpdates]:
            try:
                yield from self._run(self._sweep(request(values), values))
            except StudioError as error:
                yield {
                    **self._idle_updates,
                    self.status: render_notice(self.texts.of(error), "error"),
                }

        counted: Components = {self.status, self.cost}
        self.count.click(count, inputs, counted, **UNQUEUED)
        # The cost first; the browser asks, and clicks the hidden button.
        self.go.click(count, inputs, counted, **UNQUEUED).then(None, self.cost, None, js=ASK)
        self.run.click(run, inputs, outputs, **STREAMED)
        # Not by `cancels`: Gradio cannot end a generator that is just drawing.
        self.stop.click(self.studio.background_tasks.cancel, self.chore, None, **UNQUEUED)
        self.box.expand(self._attach, self.chore, outputs, **STREAMED)

    def _sweep(
        self, request: GenerationRequest, values: Mapping[gr.components.Component, Any]
    ) -> Sweep:
        given = [(values[field] or "", values[text] or "") for field, text in self.axes]
        axes = [Axis.parse(f"{field}={text}") for field, text in given if field]
        if not axes:
            raise InvalidInputError("studio.sweep_no_axis")
        slot: Slot = values[self.slot]
        return Sweep(request, slot, axes, load_axis_themes(axes, self.studio.themes))

    def _cost_message(self, sweep: Sweep) -> str:
        cost = estimate_cost(sweep, self.album)
        text = message(
            "studio.sweep_cost", images=cost.images, kept=cost.cached, switches=cost.model_switches
        )
        seconds = self.costs.of(job for _, job in sweep.jobs()).seconds
        if seconds:
            text = message("studio.sweep_cost_time", cost=text, time=format_duration(seconds))
        return self.texts.of(text)

    def _run(self, sweep: Sweep) -> Iterator[ComponentUpdates]:
        """As a chore, which is seen and stopped from every page; here it is followed to its sheets."""
        chores, request = self.studio.background_tasks, sweep.request
        name = f"sweep/{secrets.token_hex(8)}"

        def act(tell: ProgressCallback) -> None:
            tell(0, len(sweep.jobs()))
            for done, total in iter_render(sweep, self.album):
                tell(done, total)

        about = About("sweep", request.preset.name, "/", request.theme_version)
        chores.start(name, about, act)
        ended = yield from self._follow(name)
        if ended.state == "done":
            sheets = make_contact_sheets(sweep, self.album)
            yield {self.sheets: "".join(_sheet(name, png, self.texts) for name, png in sheets)}

    def _attach(self, followed: str) -> Iterator[ComponentUpdates]:
        """The newest sweep that is under way, on a page that was opened since it was begun."""
        chores = self.studio.background_tasks
        mine = chores.progress(followed)
        found = [each.name for each in chores.list_running() if each.about.kind == "sweep"]
        if found and (mine is None or mine.state != "running"):
            yield from self._follow(found[0])
        else:
            yield {self.chore: followed}

    def _follow(self, name: str) -> Generator[ComponentUpdates, None, TaskProgress]:
        """How far the sweep is, until it ends; gives how it ended."""
        chores = self.studio.background_tasks
        yield {
            self.chore: name, self.go: gr.update(interactive=False),
            self.stop: gr.update(interactive=True), self.sheets: "",
        }  # fmt: skip
        shown = None
        while (progress := chores.progress(name)) is not None and progress.state == "running":
            if progress != shown and progress.total:
                yield {self.status: _bar(progress.done, progress.total, self.texts)}
            shown = progress
            time.sleep(FOLLOWED_EVERY)
        ended = progress or TaskProgress(state="failed", message=message("sweep.unknown"))
        told = {
            "done": message("studio.sweep_done"),
            "stopped": message("studio.sweep_stopped"),
        }.get(ended.state, ended.message)
        role = "error" if ended.state == "failed" else "status"
        yield {**self._idle_updates, self.status: render_notice(self.texts.of(told or ""), role)}
        return ended

    @property
    def _idle_updates(self) -> ComponentUpdates:
        return {self.go: gr.update(interactive=True), self.stop: gr.update(interactive=False)}


def _bar(done: int, total: int, texts: Texts) -> str:
    percent = round(100 * done / total)
    return (
        f"<p>{texts('studio.sweep_image', done=done, total=total)}</p>"
        f'<div class="bar" role="progressbar" aria-label="{texts("studio.sweep")}" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
    )


def _sheet(name: str, png: bytes, texts: Texts) -> str:
    url = to_data_url(png)
    return (
        f'<figure><img src="{url}" alt="{texts("studio.sweep_sheet")}"><figcaption>'
        f'<a href="{url}" download="{html.escape(name)}">{texts("page.download")}</a>'
        "</figcaption></figure>"
    )
