"""Which models exist, of which family, with which hash."""
