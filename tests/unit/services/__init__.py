"""Tests of `studio.services`."""
