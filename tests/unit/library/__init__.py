"""Tests of `studio.library`."""
