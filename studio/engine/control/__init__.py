"""Control maps and ControlNets."""
