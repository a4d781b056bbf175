"""Rendering jobs: queue, runs, cache, previews, sweeps."""
