"""The Doodle Theme Studio: a doodle over a base image, and a preset of four recipes, become four pictures."""

__version__ = "0.1.0"
