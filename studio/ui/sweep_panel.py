"""The panel of sweeps: one recipe over one to three of its fields, as a contact sheet."""

import html
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.errors import InputError, StudioError
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Request
from studio.recipes.sweep import Axis
from studio.service.sweeping import (
    Sweep,
    presets_of,
    sweep_album,
    sweep_cost,
    sweep_sheets,
    sweep_steps,
)
from studio.ui.components import png_url
from studio.ui.notices import notice
from studio.ui.wiring import FOLLOWED, QUICK, Components, Updates

FIELDS = [
    ("none", ""),
    ("Denoising strength", "strength"),
    ("CFG Scale", "guidance_scale"),
    ("Sampling steps", "steps"),
    ("Sampling method", "sampler"),
    ("Schedule type", "schedule_type"),
    ("Seed", "seed"),
    ("Prompt search and replace", "prompt"),
    ("Preset", "preset"),
    ("Base model", "base_model.name"),
    ("LoRA 1", "loras.0.model.name"),
    ("LoRA 1, weight", "loras.0.weight"),
    ("Control unit 1, weight", "control_units.0.weight"),
    ("Control unit 1, ending step", "control_units.0.end"),
    ("Control unit 2, weight", "control_units.1.weight"),
    ("CFG until step share", "guidance_end"),
    ("Clip skip", "clip_skip"),
    ("DeepCache interval", "deep_cache"),
]
"""What is mostly swept; any other field can be typed by its path."""


class SweepPanel:
    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.album = sweep_album(studio.rendering, studio.settings.home / "sweeps")
        self._stops: dict[str, Event] = {}
        """Of each page that sweeps, what its Stop sets."""
        self.axes: list[tuple[gr.Dropdown, gr.Textbox]] = []
        with gr.Accordion("Sweep", open=False, elem_id="sweep"):
            with gr.Row(elem_classes="fields"):
                self.letter = gr.Dropdown(list(LETTERS), value="A", label="Recipe", elem_id="sweep-letter", scale=1)  # fmt: skip
            for axis, start, first in (
                ("X", "strength", "0.4..0.8/5"),
                ("Y", "", ""),
                ("Z", "", ""),
            ):
                with gr.Row(elem_classes="fields"):
                    field = gr.Dropdown(
                        FIELDS, value=start, label=f"{axis} axis", allow_custom_value=True,
                        elem_id=f"sweep-{axis}", scale=1,
                    )  # fmt: skip
                    values = gr.Textbox(
                        first, label=f"Values of {axis}", placeholder="0.4, 0.6 or 0.4..0.8/5",
                        max_length=2000, elem_id=f"sweep-{axis}-values", scale=2,
                    )  # fmt: skip
                    self.axes.append((field, values))
            with gr.Row(elem_classes="acts"):
                self.count = gr.Button("What it takes", size="sm", elem_id="sweep-count")
                self.go = gr.Button("Run the sweep", variant="primary", size="sm", elem_id="sweep-go")  # fmt: skip
                self.stop = gr.Button("Stop the sweep", size="sm", interactive=False, elem_id="sweep-stop")  # fmt: skip
            self.told = gr.HTML(elem_id="sweep-told")
            self.sheets = gr.HTML(elem_id="sweep-sheets")

    def wire(self, request: Callable[[Updates], Request], asked: Components) -> None:
        """`request` reads what the page asks for from the values of `asked`."""
        inputs: Components = {*asked, self.letter, *(part for axis in self.axes for part in axis)}
        outputs: Components = {self.told, self.sheets, self.go, self.stop}

        def count(values: Updates) -> Updates:
            try:
                cost = sweep_cost(self._sweep(request(values), values), self.album)
            except StudioError as error:
                return {self.told: notice(str(error), "error")}
            told = f"{cost.pictures} pictures, {cost.kept} of them here already; {cost.switches} changes of base model."
            return {self.told: notice(told, "status")}

        def run(values: Updates, asker: gr.Request) -> Iterator[Updates]:
            stop = self._stops[str(asker.session_hash)] = Event()
            try:
                yield from self._run(self._sweep(request(values), values), stop)
            except StudioError as error:
                yield {**self._still, self.told: notice(str(error), "error")}

        def stop(asker: gr.Request) -> None:
            if (asked_for := self._stops.get(str(asker.session_hash))) is not None:
                asked_for.set()

        self.count.click(count, inputs, self.told, **QUICK)
        self.go.click(run, inputs, outputs, **FOLLOWED)
        # Not by `cancels`: Gradio cannot end a generator that is just drawing.
        self.stop.click(stop, None, None, **QUICK)

    def _sweep(self, request: Request, values: Mapping[gr.components.Component, Any]) -> Sweep:
        given = [(values[field] or "", values[text] or "") for field, text in self.axes]
        axes = [Axis.read(f"{field}={text}") for field, text in given if field]
        if not axes:
            raise InputError("the sweep has no axis: choose a field for X")
        letter: Letter = values[self.letter]
        return Sweep(request, letter, axes, presets_of(axes, self.studio.presets))

    def _run(self, sweep: Sweep, stop: Event) -> Iterator[Updates]:
        yield {self.go: gr.update(interactive=False), self.stop: gr.update(interactive=True), self.sheets: ""}  # fmt: skip
        for done, total in sweep_steps(sweep, self.album):
            yield {self.told: _bar(done, total)}
            if stop.is_set():
                told = "Stopped. What is drawn is kept: the sweep goes on from there."
                yield {**self._still, self.told: notice(told, "status")}
                return
        sheets = "".join(_sheet(name, png) for name, png in sweep_sheets(sweep, self.album))
        yield {**self._still, self.told: notice("The sweep is done.", "status"), self.sheets: sheets}  # fmt: skip

    @property
    def _still(self) -> Updates:
        return {self.go: gr.update(interactive=True), self.stop: gr.update(interactive=False)}


def _bar(done: int, total: int) -> str:
    percent = round(100 * done / total)
    return (
        f"<p>Picture {done} of {total}</p>"
        f'<div class="bar" role="progressbar" aria-label="Sweep" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
    )


def _sheet(name: str, png: bytes) -> str:
    url = png_url(png)
    return (
        f'<figure><img src="{url}" alt="Contact sheet"><figcaption>'
        f'<a href="{url}" download="{html.escape(name)}">Download</a></figcaption></figure>'
    )
