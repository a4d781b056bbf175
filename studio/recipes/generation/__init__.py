"""One image's parameters: recipes, prompts, jobs and their events."""
