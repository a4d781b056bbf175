"""What identifies the graphs of a render besides shapes and weights."""

from collections.abc import Hashable
from dataclasses import dataclass

from studio.engine.graphs.graph_cache import GraphCache


@dataclass(frozen=True)
class GraphContext:
    """The graphs, and what they are found by."""

    graphs: GraphCache
    models: Hashable
    """Hashes of the base model, the ControlNets and the LoRAs with their weights."""
