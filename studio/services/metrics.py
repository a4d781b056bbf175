"""What Prometheus is told: of the queue by the job table, of drawing by whoever draws."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from studio.engine.stats import EngineStats
from studio.recipes.generation.job import Variant
from studio.recipes.serving.request_status import JobState
from studio.store.queue_stats import QueueStats

DURATION_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """One process's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._waited = self._histogram("studio_job_wait_seconds", "From the queue to its begin.")
        self._rendered = self._histogram("studio_job_render_seconds", "Making the picture.")
        self._loaded = self._histogram("studio_job_load_seconds", "Bringing models to the device.")
        self._ended = Counter(
            "studio_jobs_ended", "Clients' jobs by how they ended here.", ["theme", "slot", "state"],
            registry=self.registry,
        )  # fmt: skip
        self.active_lanes = Gauge(
            "studio_lanes_busy", "Lanes that draw now.", registry=self.registry
        )

    def job_started(self, model: str, waited: float) -> None:
        self._waited.labels(model).observe(waited)

    def variant_rendered(self, variant: Variant) -> None:
        model = variant.recipe.base_model.name
        self._rendered.labels(model).observe(variant.timings.render_seconds)
        self._loaded.labels(model).observe(variant.timings.load_seconds)

    def job_finished(self, theme: str, slot: str, state: JobState) -> None:
        self._ended.labels(theme, slot, state).inc()

    def mean_durations(self) -> Mapping[str, Mapping[str, float]]:
        """Mean seconds since this process began: of waiting, rendering and loading, by model."""
        found: dict[str, dict[str, float]] = {}
        for what, histogram in {
            "wait": self._waited,
            "render": self._rendered,
            "load": self._loaded,
        }.items():
            sums: dict[str, dict[str, float]] = {}
            for family in histogram.collect():
                for sample in family.samples:
                    part = sample.name.rpartition("_")[2]
                    sums.setdefault(sample.labels["model"], {})[part] = sample.value
            for model, parts in sums.items():
                found.setdefault(model, {})[what] = parts["sum"] / max(1.0, parts["count"])
        return found

    def render_prometheus(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(name, what, ["model"], buckets=DURATION_BUCKETS, registry=self.registry)


class QueueCollector(Collector):
    """How many jobs wait, and since when the oldest: the same whichever process is asked."""

    def __init__(self, stats: QueueStats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        labels = ["model", "turn"]
        depth = GaugeMetricFamily("studio_jobs_waiting", "Jobs in the queue.", labels=labels)
        oldest = GaugeMetricFamily("studio_oldest_job_seconds", "How long the first of them has waited.", labels=labels)  # fmt: skip
        for row in self._stats.queue_depths():
            depth.add_metric([row.model, str(row.fair_share_tier)], row.count)
            oldest.add_metric([row.model, str(row.fair_share_tier)], row.oldest_wait_seconds)
        yield depth
        yield oldest
        yield GaugeMetricFamily(
            "studio_jobs_running", "Jobs being drawn.", self._stats.count_running()
        )


class EngineCollector(Collector):
    """How often models and other costly things were there when they were asked for."""

    def __init__(self, status: Callable[[], EngineStats | None]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        if status is None:
            return
        asked = CounterMetricFamily("studio_engine_lookups", "By what was asked for and where it was.", labels=["what", "found"])  # fmt: skip
        held = GaugeMetricFamily("studio_engine_bytes", "Held, by what and where.", labels=["what", "where"])  # fmt: skip
        tiers = {"base_model": status.base_models, "controlnet": status.controlnets, "vae": status.vaes}  # fmt: skip
        for what, tier in tiers.items():
            found = {"device": tier.device_hits, "ram": tier.ram_hits, "nowhere": tier.misses}
            for where, count in found.items():
                asked.add_metric([what, where], count)
            held.add_metric([what, "device"], tier.bytes("device"))
            held.add_metric([what, "ram"], tier.bytes("ram"))
        caches = {"embedding": status.embeddings, "latent": status.latents, "map": status.control_maps, "lora": status.lora_files}  # fmt: skip
        for what, cache in caches.items():
            asked.add_metric([what, "ram"], cache.hits)
            asked.add_metric([what, "nowhere"], cache.misses)
            held.add_metric([what, "ram"], cache.bytes)
        yield asked
        yield held
