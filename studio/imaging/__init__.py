"""Image processing without torch: compositing, control maps, pose maps, metrics, PNG input and output."""
