"""How the pocket models are made: drawn data, training, export."""
