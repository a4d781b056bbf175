"""Routes of the plain pages."""
