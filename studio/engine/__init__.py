"""HOW one job becomes one picture; the only importer of torch and diffusers beside `pocket`."""
