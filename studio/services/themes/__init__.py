"""Themes: deployment, preflight checks, import and export."""
