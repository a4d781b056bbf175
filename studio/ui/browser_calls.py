"""JavaScript that Gradio runs in the browser: calls of exported functions of the modules in `studio/web`.

Gradio takes JavaScript as text. All that it does is in the modules, which biome, tsc and vitest check.
A test finds each function that is named here in its module.
"""

import json

from studio.server.es_modules import REGISTRY


def on_event(module: str, function: str, *constants: object) -> str:
    """For an event's `js`: calls `function` with `constants`, as JSON, and then the event's inputs.

    `module` is a path below `studio/web`, which `mounting.MODULES` names too: it runs before Gradio does. A list that the function returns sets the event's outputs, another value the only
    one; a promise is awaited.
    """
    leading = "".join(f"{json.dumps(constant)}, " for constant in constants)
    return f"async (...inputs) => ({_loaded(module)}).{function}({leading}...inputs)"


def on_load(module: str, function: str) -> str:
    """For a `gr.HTML`'s `js_on_load`: calls `function` with the component's host.

    The host has `element`, `props`, `trigger` and `watch`, as Gradio passes them.
    """
    host = "{ element, props, trigger, watch }"
    return f"(async () => ({_loaded(module)}).{function}({host}))();"


def _loaded(module: str) -> str:
    return f"await {REGISTRY}['{module}']"
