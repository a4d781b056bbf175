"""Which models stay on the device and in RAM."""
