"""Tests of `studio.imaging`."""
