"""Renders a job to an image: the only package that imports torch and diffusers."""
