"""Fast tests of each module through its public door."""
