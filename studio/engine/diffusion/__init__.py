"""Denoising: pipelines, schedulers, latents, LoRAs."""
