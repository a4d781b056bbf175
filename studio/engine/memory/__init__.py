"""Caches of models and computed values, and moving models between RAM and the device."""
