"""The command line beyond `cli.py`: one module per group of commands."""
