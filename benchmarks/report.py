"""What the benchmarks share: arguments, timing and the printed report."""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Measurement:
    """One measured value; `digits` are the decimals that the table shows."""

    name: str
    value: float
    unit: str = ""
    digits: int = 0


def argument_parser(module_doc: str | None) -> argparse.ArgumentParser:
    """A parser with `--json` whose description is the first line of the benchmark's docstring."""
    description = (module_doc or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", dest="as_json", action="store_true", help="Print JSON.")
    return parser


def parse_arguments(module_doc: str | None) -> bool:
    """For a benchmark without options of its own: whether to print JSON."""
    return bool(argument_parser(module_doc).parse_args().as_json)


def elapsed_seconds(func: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    func()
    return time.perf_counter() - started


def percentile(values: Sequence[float], fraction: float) -> float:
    """The value below which `fraction` (0 to 1) of `values` lie, without interpolation."""
    ordered = sorted(values)
    return ordered[int(fraction * (len(ordered) - 1))]


def print_measurements(measurements: Iterable[Measurement], as_json: bool) -> None:
    """Print a table of names and values, or a JSON list of objects."""
    rows = list(measurements)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(table((row.name, _format(row)) for row in rows))


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Two columns: names to the left, values to the right."""
    lines = list(rows)
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {value:>12}" for name, value in lines)


def _format(row: Measurement) -> str:
    return f"{row.value:.{row.digits}f} {row.unit}".rstrip()
