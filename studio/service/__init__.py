"""The use cases, over the store and the engine."""
