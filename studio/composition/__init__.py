"""Builders of the stores and services, one module per concern; `studio.app` puts them together."""
