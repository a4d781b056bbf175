"""Presets, their files, and deployments of theme versions."""
