"""The judges of words and pictures."""
