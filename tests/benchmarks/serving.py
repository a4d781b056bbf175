"""The queue: dispatch, makespan, fairness, chaos, in one run.

    python -m tests.benchmarks.serving [--json] [--requests N]

The same as `studio bench serving`.
"""

import sys

from studio.cli.bench import app

if __name__ == "__main__":
    app(["serving", *sys.argv[1:]])
