"""A grid of 500 cells that the browser is answered instead of the server: it fills by some cells a look."""

import io
import re

from PIL import Image
from playwright.sync_api import Page, Route

COLUMNS, ROWS = 25, 20
CELLS_A_LOOK = 20
GRID_URL = "/tests?grid=1"


def serve_grid(page: Page) -> list[str]:
    """Answers the page's requests for grid 1.

    Returns:
        The URLs of the cells that the page has loaded; more may come.
    """
    loaded: list[str] = []
    done = 0
    picture = _picture()

    def summary() -> dict[str, object]:
        axes = [
            {"field": "steps", "label": "Steps", "values": list(range(1, COLUMNS + 1))},
            {"field": "guidance_scale", "label": "CFG scale", "values": list(range(1, ROWS + 1))},
        ]
        return {
            "id": 1, "slug": "first-light", "theme_name": "First light", "version": 1, "slot": "A",
            "axes": axes, "state": "running" if done < COLUMNS * ROWS else "done", "stopping": False,
            "done": done, "images": COLUMNS * ROWS, "remaining_seconds": 60, "message": "",
        }  # fmt: skip

    def details(route: Route) -> None:
        cells = [
            {"index": index, "coordinates": [index // ROWS, index % ROWS], "ready": False}
            for index in range(COLUMNS * ROWS)
        ]
        route.fulfill(json={"grid": summary(), "cells": cells})

    def progress(route: Route) -> None:
        nonlocal done
        done = min(COLUMNS * ROWS, done + CELLS_A_LOOK)
        route.fulfill(json=summary())

    def cell(route: Route) -> None:
        loaded.append(route.request.url)
        route.fulfill(body=picture, content_type="image/webp")

    page.route(re.compile(r"/grids/1$"), details)
    page.route(re.compile(r"/grids/1/progress$"), progress)
    page.route(re.compile(r"/grids/1/cells/\d+\.webp"), cell)
    return loaded


def _picture() -> bytes:
    """A thumbnail as large as those of photographs."""
    image = Image.effect_noise((256, 256), 40).convert("RGB")
    data = io.BytesIO()
    image.save(data, "WEBP", quality=60)
    return data.getvalue()
