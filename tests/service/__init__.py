"""Tests of the API with each job runner: the one in this process, and Celery workers over a real Redis."""
