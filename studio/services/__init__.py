"""The use cases: what pages, API, command line and workers call."""
