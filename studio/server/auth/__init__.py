"""Authentication: sessions of users, API keys of clients."""
