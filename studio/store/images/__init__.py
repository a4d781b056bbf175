"""Content-addressed image storage: on disk or in a bucket."""
