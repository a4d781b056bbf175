"""Tests of the API with each job runner: in this process, and by Celery workers."""
