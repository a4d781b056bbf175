"""Golden pictures: where they come from is told in README.md beside them."""
