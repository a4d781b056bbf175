"""Parameters of one image: recipes, prompts, render jobs and their events."""
