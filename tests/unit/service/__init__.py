"""Tests of `studio.service`."""
