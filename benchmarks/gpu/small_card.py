"""Random requests on a card of which all but a few gigabytes are taken: none may run out of memory raw."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import torch

from benchmarks.gpu.device_probe import GIB
from benchmarks.gpu.peers import EnginePeer
from benchmarks.workloads import CanvasInput
from studio.engine.engine import Engine
from studio.errors import StudioError
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.job import RenderJob

BUDGET_BYTES = 8 * GIB
STEPS = 2
SCALES = (0.5, 1.0, 1.5, 2.0)
"""Of the case's width and height."""


def random_requests(
    catalog: ModelCatalog, canvas: CanvasInput, jobs: Sequence[RenderJob], count: int
) -> dict[str, int]:
    """How `count` requests ended: rendered, refused by name, or failed in any other way.

    They are batches of one to four of the case's jobs, of random sizes.
    """
    rng, ends = Random(20), Counter[str](rendered=0, refused=0, raw=0)
    block = _take_all_but(BUDGET_BYTES)
    engine = Engine(catalog)
    for _ in range(count):
        batch = _random_batch(rng, jobs)
        try:
            EnginePeer(engine, canvas, batch).request()
            ends["rendered"] += 1
        except StudioError:
            ends["refused"] += 1
        except Exception:
            ends["raw"] += 1
    steps = {f"step {name}": times for name, times in engine.status().oom_steps.items()}
    engine.unload_all()
    del block
    return {**ends, **steps}


def _random_batch(rng: Random, jobs: Sequence[RenderJob]) -> list[RenderJob]:
    side = jobs[0].recipe.width
    width, height = (max(64, 64 * round(rng.choice(SCALES) * side / 64)) for _ in range(2))
    changes = {"width": width, "height": height, "steps": STEPS}
    return [
        job.model_copy(
            update={
                "seed": rng.randrange(2**32),
                "recipe": job.recipe.model_copy(update=changes),
            }
        )
        for job in rng.sample(list(jobs), rng.randint(1, len(jobs)))
    ]


def _take_all_but(budget: int) -> torch.Tensor | None:
    """A block, (bytes,), that leaves so many bytes of the card free; None without one."""
    if not torch.cuda.is_available():
        return None
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    return torch.empty(max(0, free - budget), dtype=torch.uint8, device="cuda")
