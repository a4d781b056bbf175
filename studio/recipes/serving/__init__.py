"""What API clients see: the status of requests and jobs, and events."""
