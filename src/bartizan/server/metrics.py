"""Prometheus metrics (text format 0.0.4) in a registry of their own."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bartizan import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LATENCIES = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "bartizan_http_requests", "HTTP requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self.latency = Histogram(
            "bartizan_http_request_seconds",
            "Time until the answer was sent.",
            ("route",),
            buckets=_LATENCIES,
            registry=self._registry,
        )
        self.uplink = Counter(
            "bartizan_uplink_messages",
            "Messages of sensors by kind and outcome.",
            ("kind", "outcome"),
            registry=self._registry,
        )
        self.sections = Counter(
            "bartizan_uplink_sections", "Sections that sensors had to send.", registry=self._registry
        )
        self.jobs = Counter(
            "bartizan_jobs", "Jobs ended, by kind and state.", ("kind", "state"), registry=self._registry
        )
        self.job_seconds = Histogram(
            "bartizan_job_seconds",
            "Duration of jobs.",
            ("kind",),
            buckets=(0.1, 0.5, 1, 5, 30, 120, 600, 3600),
            registry=self._registry,
        )
        self.sign_ins = Counter("bartizan_sign_ins", "Attempts to sign in.", ("outcome",), registry=self._registry)
        self._listeners = Gauge("bartizan_stream_listeners", "Open event streams.", registry=self._registry)
        self._estate = Gauge(
            "bartizan_estate", "What the inventory holds.", ("organisation", "of"), registry=self._registry
        )
        Gauge("bartizan_build_info", "Version.", ("version",), registry=self._registry).labels(__version__).set(1)

    def text(self, listeners: int, estate: Mapping[tuple[str, str], float]) -> bytes:
        """All of it, with gauges as given."""
        self._listeners.set(listeners)
        for (organisation, name), value in estate.items():
            self._estate.labels(organisation, name).set(value)
        return generate_latest(self._registry)
