"""What API clients see: requests, jobs, events."""
