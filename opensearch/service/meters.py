"""What the service counts, in the format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from opensearch.service.lanes import Lane

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Meters:
    """Counters of one service, in a registry of their own."""

    def __init__(self, lanes: Iterable[Lane], items: Callable[[], Mapping[str, int]]) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "opensearch_requests",
            "Requests by route, method and status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "opensearch_request_seconds",
            "Time from a request's head to the end of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "opensearch_stage_seconds",
            "Time of the stages of searches",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_Now(tuple(lanes), items))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def searched(self, seconds: Mapping[str, float]) -> None:
        """Count the stages of a search."""
        for name, spent in seconds.items():
            self._stages.labels(name).observe(spent)

    def page(self) -> bytes:
        """All of it as text."""
        return generate_latest(self.registry)


class _Now(Collector):
    """Gauges that are read when they are asked for."""

    def __init__(self, lanes: tuple[Lane, ...], items: Callable[[], Mapping[str, int]]) -> None:
        self._lanes = lanes
        self._items = items

    def collect(self) -> Iterator[Metric]:
        """Queues, work under way, items of the index."""
        queue = GaugeMetricFamily("opensearch_queue", "Jobs that wait", labels=("lane",))
        working = GaugeMetricFamily("opensearch_working", "Jobs under way", labels=("lane",))
        for lane in self._lanes:
            queue.add_metric((lane.name,), lane.waiting)
            working.add_metric((lane.name,), lane.working)
        items = GaugeMetricFamily("opensearch_items", "Items of the index", labels=("domain",))
        for domain, count in self._items().items():
            items.add_metric((domain,), count)
        yield from (queue, working, items)
