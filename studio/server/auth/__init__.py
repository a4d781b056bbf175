"""Authentication: API keys of clients, sessions of the studio's users."""
