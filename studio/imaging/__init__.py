"""Pixels without torch: composites, control maps, skeletons, limits at the door."""
