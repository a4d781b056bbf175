"""Requests: creation, admission, running, retention."""
