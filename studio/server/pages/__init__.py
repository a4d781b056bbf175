"""Routes of the plain pages: each page's HTML, and the JSON that its script works with."""
