"""Persistence: SQLAlchemy stores, one for each aggregate, and content-addressed images."""
