"""Tests of `studio.ui` without a browser."""
