"""Moderation: word filter for prompts, image classifiers, and the external moderation webhook."""
