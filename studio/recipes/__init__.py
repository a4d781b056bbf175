"""WHAT to make: frozen values and pure planning."""
