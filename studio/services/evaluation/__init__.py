"""Evaluation: robustness, regression, blind tests, tuning."""
