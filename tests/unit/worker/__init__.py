"""Tests of `studio.worker` without a broker; `tests/service` has those with Redis."""
