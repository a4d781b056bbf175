"""Image files by their SHA-256: on disk or in a bucket."""
