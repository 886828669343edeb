"""What ``/metrics`` tells. Names and labels of a few fixed words: no namespace, no name, nothing that grows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography import x509
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from injector.cluster import WatchedKind
from injector.migration.model import KIND
from webhook.order import Order
from webhook.review import Outcome
from webhook.settings import KEPT, MULTIPROCESS
from webhook.state import Holder, Snapshot
from webhook.watch.progress import Progress

_BUCKETS: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
"""In seconds. A small pod takes about 0.2 ms, and the API server waits no longer than 5 s."""
ENDPOINTS: Final = ("pods", "externalsecrets", "validate")


class Metrics:
    """The numbers of one process; of all its brothers, too, where there are several."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each, of no use here
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "phase2_admission_requests_total",
            "AdmissionReviews answered.",
            ("endpoint", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "phase2_admission_duration_seconds",
            "From the first byte of a request to its answer.",
            ("endpoint",),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        # Every series is there from the start, so that a rate over it is right from its first event on.
        self._counters = {
            (endpoint, outcome): self._requests.labels(endpoint, outcome.value)
            for endpoint in ENDPOINTS
            for outcome in Outcome
        }
        self._histograms = {endpoint: self._seconds.labels(endpoint) for endpoint in ENDPOINTS}
        self._flagged = Counter(
            "phase2_pods_flagged_total",
            "Pods that got the flag of reading no Secret of External Secrets Operator's any more; dry runs do not count.",
            registry=self.registry,
        )
        self._watches = _Watches(self.registry)
        self._told = _Told(self.registry)
        self._age = self._gauge("phase2_snapshot_age_seconds", "Since what is known was last compared with its source.")
        self._migrations = self._gauge("phase2_secretmigrations", "SecretMigrations that are held.")
        self._problems = self._gauge(
            "phase2_policy_problems", "What could not be taken from the policy folder or the API server."
        )
        self._ready = self._gauge("phase2_ready", "1 when everything was read at least once.")
        self._expiry = self._gauge(
            "phase2_certificate_expiry_timestamp_seconds", "When the certificate expires, 0 without one."
        )
        self._ca_expiry = self._gauge(
            "phase2_ca_expiry_timestamp_seconds", "When the CA that the webhook made expires, 0 when it made none."
        )
        self._kept = self._gauge(
            "phase2_certificates_kept_timestamp_seconds",
            "When the certificates that the webhook makes were last found or put in order, 0 when it makes none.",
        )

    def observe(self, endpoint: str, outcome: Outcome, seconds: float) -> None:
        """Count one answer."""
        self._counters[endpoint, outcome].inc()
        self._histograms[endpoint].observe(seconds)

    def count_flagged(self) -> None:
        """Count one pod that was flagged."""
        self._flagged.inc()

    def render(self, holder: Holder, certificate: Path | None, *, kept: Path | None = None) -> bytes:
        """Return everything in Prometheus' text format."""
        snapshot = holder.current
        self._age.set(holder.age_s(time.monotonic()))
        self._watches.set(holder.progress, snapshot)
        self._told.set(holder)
        self._migrations.set(snapshot.count)
        self._problems.set(len(snapshot.problems))
        self._ready.set(1 if snapshot.is_complete else 0)
        self._expiry.set(read_expiry(certificate) if certificate else 0)
        self._ca_expiry.set(read_expiry(kept / "ca.crt") if kept else 0)
        self._kept.set(read_time(kept / KEPT) if kept else 0)
        if MULTIPROCESS not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry, multiprocess_mode="mostrecent")


class _Watches:
    """How the watches go; series are there only where the API server is watched."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, ("kind",), registry=registry, multiprocess_mode="mostrecent")

        def counter(name: str, text: str) -> Counter:
            return Counter(name, text, ("kind",), registry=registry)

        self._lag = gauge("phase2_watch_lag_seconds", "Since the API server last said something about a kind.")
        self._failing = gauge("phase2_watch_failing", "1 when the last attempt to read or watch a kind failed.")
        self._objects = gauge("phase2_watched_objects", "Objects of a kind that are held.")
        self._connections = counter("phase2_watch_connections_total", "Watches opened, the first one included.")
        self._lists = counter("phase2_watch_lists_total", "Times that all objects of a kind were read.")
        self._counted: dict[str, tuple[int, int]] = {}

    def set(self, watches: Iterable[Progress], snapshot: Snapshot) -> None:
        now_s = time.monotonic()
        for one in watches:
            self._lag.labels(one.kind).set(now_s - one.heard_at_s if one.heard_at_s else 0)
            self._failing.labels(one.kind).set(1 if one.failure else 0)
            is_migration = one.kind == KIND
            count = snapshot.count if is_migration else snapshot.cluster.of(WatchedKind(one.kind)).count
            self._objects.labels(one.kind).set(count)
            connections, lists = self._counted.get(one.kind, (0, 0))
            seen = (one.connections, one.lists)
            self._connections.labels(one.kind).inc(seen[0] - connections)
            self._lists.labels(one.kind).inc(seen[1] - lists)
            self._counted[one.kind] = seen


class _Told:
    """Events, and the order of webhooks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._order = Gauge(
            "phase2_webhook_order_ok",
            "1 when the configurations let the injector be asked after phase2, 0 when not, -1 when nobody looked.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._events = Counter(
            "phase2_events_total", "Events written, or dropped: too many, or refused.", ("result",), registry=registry
        )
        self._counted = {"written": 0, "dropped": 0}

    def set(self, holder: Holder) -> None:
        judgement = holder.order.judgement if holder.order else None
        self._order.set(-1 if judgement is None else int(judgement.order is Order.OK))
        if holder.events is not None:
            for result, number in (("written", holder.events.written), ("dropped", holder.events.dropped)):
                self._events.labels(result).inc(number - self._counted[result])
                self._counted[result] = number


def read_expiry(certificate: Path) -> float:
    """Return when a PEM file's first certificate expires, in seconds since 1970; 0 when it cannot be read."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())
    except (OSError, ValueError):
        return 0.0
    return found[0].not_valid_after_utc.timestamp()


def read_time(mark: Path) -> float:
    """Return when a file was last touched, in seconds since 1970; 0 when it is not there."""
    try:
        return mark.stat().st_mtime
    except OSError:
        return 0.0
