"""What the service counts about itself, for Prometheus; several worker processes are added up."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

#: prometheus_client shares figures between processes through files in the folder that this variable names
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """Count requests by route (never by what they ask), lookups by outcome, jobs by state.

    >>> metrics = Metrics()
    >>> metrics.lookups.labels("point", "inside").inc()
    >>> b'gis_grid_lookups_total{kind="point",outcome="inside"} 1.0' in metrics.text()
    True
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.requests = Counter("gis_grid_requests", "Requests answered.", ["method", "route", "status"], registry=own)
        self.seconds = Histogram(
            "gis_grid_request_seconds", "Until it ended.", ["route"], buckets=SECONDS, registry=own
        )
        self.lookups = Counter("gis_grid_lookups", "Points looked up.", ["kind", "outcome"], registry=own)
        self.jobs = Counter("gis_grid_jobs", "Jobs that came to an end.", ["kind", "state"], registry=own)
        self.running = Gauge("gis_grid_jobs_running", "Jobs at work.", multiprocess_mode="livesum", registry=own)
        self.publications = Gauge(
            "gis_grid_publications", "Publications that lookups answer from.", multiprocess_mode="max", registry=own
        )

    def text(self) -> bytes:
        """Return the figures in Prometheus's text format."""
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self.registry)
