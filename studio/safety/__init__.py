"""What may be asked and what may be shown: words, pictures, and the seams to judge both."""
