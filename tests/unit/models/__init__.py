"""Tests of `studio.models`."""
