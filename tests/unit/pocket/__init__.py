"""Tests of `studio.pocket`: the drawn world."""
