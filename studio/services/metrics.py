"""Prometheus metrics: durations and outcomes of jobs, drift, queue depth, engine cache hits and sizes, the device."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from studio.engine.stats import EngineStats
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.job import Variant
from studio.recipes.serving.request_status import JobState
from studio.store.queue_stats import QueueStats

DURATION_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Histogram buckets in seconds."""
SHIFT_BUCKETS = (0.25, 0.5, 1, 2, 4, 8, 16)
"""Histogram buckets in pixels."""
TINT_BUCKETS = (0.5, 1, 2, 5, 10, 20, 40)
"""Histogram buckets in CIEDE2000 units."""


class Metrics:
    """The metrics of this process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._wait = self._histogram(
            "studio_job_wait_seconds", "Seconds from the queue to the start of the job."
        )
        self._render = self._histogram(
            "studio_job_render_seconds", "Seconds of rendering a variant."
        )
        self._load = self._histogram(
            "studio_job_load_seconds", "Seconds of loading models onto the device."
        )
        self._ended = Counter(
            "studio_jobs_ended",
            "Clients' jobs by how they ended in this process.",
            ["theme", "slot", "state"],
            registry=self.registry,
        )
        self._shift, self._tint = (
            Histogram(name, text, ["theme"], buckets=buckets, registry=self.registry)
            for name, text, buckets in (
                ("studio_variant_shift_pixels", "Shift against the base image.", SHIFT_BUCKETS),
                ("studio_variant_tint_delta_e", "Tint against the base image.", TINT_BUCKETS),
            )
        )
        self.active_lanes = Gauge(
            "studio_workers_busy", "Render threads that render now.", registry=self.registry
        )

    def job_started(self, model: str, queued_seconds: float) -> None:
        """Counts a client's job that was claimed after so long in the queue."""
        self._wait.labels(model).observe(queued_seconds)

    def variant_rendered(self, variant: Variant) -> None:
        """Counts the durations of a stored variant, and its drift where that was measured."""
        model = variant.recipe.base_model.name
        self._render.labels(model).observe(variant.timings.render_seconds)
        self._load.labels(model).observe(variant.timings.load_seconds)
        if variant.drift is not None:
            self._drift_measured(variant.theme_slug, variant.drift)

    def _drift_measured(self, theme: str, drift: Drift) -> None:
        if drift.shift is not None:
            self._shift.labels(theme).observe(drift.shift)
        if drift.tint is not None:
            self._tint.labels(theme).observe(drift.tint)

    def job_finished(self, theme: str, slot: str, state: JobState) -> None:
        """Counts a client's job by how it ended."""
        self._ended.labels(theme, slot, state).inc()

    def mean_durations(self) -> Mapping[str, Mapping[str, float]]:
        """Mean seconds of `wait`, `render` and `load` since the process started, by model."""
        means: dict[str, dict[str, float]] = {}
        histograms = {"wait": self._wait, "render": self._render, "load": self._load}
        for name, histogram in histograms.items():
            for model, mean in _means_by_model(histogram).items():
                means.setdefault(model, {})[name] = mean
        return means

    def render_prometheus(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)

    def _histogram(self, name: str, documentation: str) -> Histogram:
        return Histogram(
            name, documentation, ["model"], buckets=DURATION_BUCKETS, registry=self.registry
        )


def _means_by_model(histogram: Histogram) -> Mapping[str, float]:
    totals: dict[str, dict[str, float]] = {}
    for family in histogram.collect():
        for sample in family.samples:
            suffix = sample.name.rpartition("_")[2]
            totals.setdefault(sample.labels["model"], {})[suffix] = sample.value
    return {model: total["sum"] / max(1.0, total["count"]) for model, total in totals.items()}


class QueueCollector(Collector):
    """Queue depths from the job table: the same in every process."""

    def __init__(self, stats: QueueStats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        labels = ["model", "tier"]
        depth = GaugeMetricFamily("studio_jobs_waiting", "Jobs in the queue.", labels=labels)
        oldest = GaugeMetricFamily(
            "studio_oldest_job_seconds", "How long the oldest of them has waited.", labels=labels
        )
        for row in self._stats.queue_depths():
            depth.add_metric([row.model, str(row.fair_share_tier)], row.count)
            oldest.add_metric([row.model, str(row.fair_share_tier)], row.oldest_wait_seconds)
        yield depth
        yield oldest
        yield GaugeMetricFamily(
            "studio_jobs_running",
            "Jobs that are rendered now, by any process.",
            self._stats.count_running(),
        )


class EngineCollector(Collector):
    """Hits, misses and bytes of the engine's model and other caches."""

    def __init__(self, status: Callable[[], EngineStats | None]) -> None:
        """`status` gives None before the first render."""
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        if status is None:
            return
        lookups = CounterMetricFamily(
            "studio_engine_lookups",
            "Lookups in the engine's caches, by where the entry was.",
            labels=["cache", "result"],
        )
        sizes = GaugeMetricFamily(
            "studio_engine_bytes", "Sizes of the engine's caches.", labels=["cache", "location"]
        )
        _add_tiered_caches(status, lookups, sizes)
        _add_caches(status, lookups, sizes)
        yield lookups
        yield sizes
        yield from _device_metrics(status)


def _device_metrics(status: EngineStats) -> Iterator[Metric]:
    """`rate(studio_device_busy_seconds_total)` is the share of time in which the device had a job."""
    counts = {
        "studio_device_busy_seconds": (
            "Seconds in which the device had a job.",
            status.busy_seconds,
        ),
        "studio_engine_graph_captures": ("CUDA graphs captured.", status.graph_captures),
        "studio_engine_graph_hits": ("Steps that replayed a CUDA graph.", status.graph_hits),
    }
    for name, (documentation, value) in counts.items():
        yield CounterMetricFamily(name, documentation, value)
    steps = CounterMetricFamily(
        "studio_engine_oom_steps", "Steps taken against lack of device memory.", labels=["step"]
    )
    for step, count in sorted(status.oom_steps.items()):
        steps.add_metric([step], count)
    yield steps


def _add_tiered_caches(
    status: EngineStats, lookups: CounterMetricFamily, sizes: GaugeMetricFamily
) -> None:
    tiered = {
        "base_model": status.base_models,
        "controlnet": status.controlnets,
        "vae": status.vaes,
        "ip_adapter": status.ip_adapters,
        "image_encoder": status.image_encoders,
    }
    for name, tier in tiered.items():
        counts = {"device": tier.device_hits, "ram": tier.ram_hits, "miss": tier.misses}
        for location, count in counts.items():
            lookups.add_metric([name, location], count)
        sizes.add_metric([name, "device"], tier.bytes("device"))
        sizes.add_metric([name, "ram"], tier.bytes("ram"))


def _add_caches(
    status: EngineStats, lookups: CounterMetricFamily, sizes: GaugeMetricFamily
) -> None:
    caches = {
        "embedding": status.embeddings,
        "latent": status.latents,
        "map": status.control_maps,
        "lora": status.lora_files,
        "reference": status.encoded_images,
    }
    for name, cache in caches.items():
        lookups.add_metric([name, "ram"], cache.hits)
        lookups.add_metric([name, "miss"], cache.misses)
        sizes.add_metric([name, "ram"], cache.bytes)
