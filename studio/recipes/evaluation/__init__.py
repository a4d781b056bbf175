"""Reports, blind tests and tuning studies."""
