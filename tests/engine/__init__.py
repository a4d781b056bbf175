"""Tests of the engine on the shipped pocket weights."""
