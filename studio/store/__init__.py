"""Persistence: SQLAlchemy stores, one module for each aggregate, and content-addressed image files."""
