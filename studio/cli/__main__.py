"""`python -m studio.cli`: the command `studio`."""

from studio.cli.main import main

main()
