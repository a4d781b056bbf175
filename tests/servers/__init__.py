"""Real servers that tests start on spare loopback ports and end again."""
