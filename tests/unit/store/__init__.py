"""Tests of `studio.store`, on a real SQLite."""
