"""What identifies the graphs of a render besides shapes and weights."""

from collections.abc import Hashable
from dataclasses import dataclass

from studio.engine.graphs.graph_cache import GraphCache


@dataclass(frozen=True)
class GraphContext:
    """The graphs, and what they are found by."""

    graphs: GraphCache
    models: Hashable
    """What the models in use are told apart by: family, hashes and data type, with the LoRAs' weights and
    the references' purposes."""
