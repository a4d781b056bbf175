"""Tests of `studio.engine` that need no weights."""
