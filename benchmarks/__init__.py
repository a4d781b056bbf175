"""Benchmarks, run from a checkout: `python -m benchmarks.NAME [--json]`; --help lists the options.

| name | what it measures |
|---|---|
| `engine` | the engine against plain diffusers, model switches, loading, optimizations, memory growth |
| `gpu` | the engine against plain diffusers and ComfyUI on a graphics card |
| `serving` | the job queue: dispatch, makespan, fairness, and a chaos run |
| `four_variants` | four pocket variants and a live preview, cold and warm; peak memory |
| `page` | load and round trips of the studio page in Chromium |
| `history` | queries of the history among 100,000 variants |
| `presets` | the theme store with a million versions |
| `words` | recall, false positives and cost of the word filter |

Results depend on the machine: compare only what one run prints.
"""
