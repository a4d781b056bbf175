"""References: images that a render resembles, by IP-Adapters."""
