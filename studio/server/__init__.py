"""The HTTP server: API, plain pages, authentication, events."""
