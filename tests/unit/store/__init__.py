"""Tests of `studio.store`, on real databases."""
