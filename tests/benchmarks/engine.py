"""The engine against plain diffusers, each change, levers, order and growth, in one run.

    python -m tests.benchmarks.engine [--json] [--soak N]

The same as `studio bench engine`.
"""

import sys

from studio.cli.bench import app

if __name__ == "__main__":
    app(["engine", *sys.argv[1:]])
