"""What serves clients, tested alike on each Runner: in one process, and through a real Redis."""
