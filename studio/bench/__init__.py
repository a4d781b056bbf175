"""Measures the engine: against plain diffusers, and against itself with one thing changed."""
