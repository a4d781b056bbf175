"""Tests of `studio.recipes`."""
