"""The API through its own door."""
