"""What is kept: presets, base images and variants in SQL, pictures as files."""
