"""The HTTP server: API, plain pages, authentication, event streams."""
