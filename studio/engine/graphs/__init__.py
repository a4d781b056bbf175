"""Device work that is recorded once and replayed: CUDA graphs."""
