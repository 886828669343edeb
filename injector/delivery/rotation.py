"""What happens when a credential changes while an app runs: how the app takes up the new one, and until when it must.

The agent renews a lease until its longest time is over; then there is a new credential, and the old one ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from injector.config.model import Config
from injector.delivery.mode import TTL_S, words
from injector.knowledge.apps import app_names
from injector.migration.model import Delivery, Read, Rotation, RotationAction
from injector.model import Consumer

MAX_TTL_S: Final = 24 * 3600
"""What a role has where nobody says otherwise (`injector.vault.build`)."""
_APPS: Final[dict[str, tuple[Rotation, str]]] = {
    # packaging/docker/run.sh ends with `exec grafana server`; "Override configuration with file provider", both of
    # https://github.com/grafana/grafana and https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
    "grafana": (
        Rotation(action=RotationAction.RESTART, signal="TERM", process="grafana"),
        "Grafana reads its files once, when it starts: the agent ends it when they change, and the kubelet starts it again.",
    ),
    # https://prometheus.io/docs/prometheus/latest/configuration/configuration/: files of secrets are read at each request
    "prometheus": (Rotation(action=RotationAction.REREAD), "Prometheus reads password files at each request."),
    "alertmanager": (Rotation(action=RotationAction.REREAD), "Alertmanager reads password files at each request."),
    # https://nginx.org/en/docs/control.html
    "nginx": (
        Rotation(action=RotationAction.SIGNAL, signal="HUP", process="nginx"),
        "nginx reads its files again on HUP.",
    ),
    # https://www.haproxy.org/ management guide, "Stopping and restarting HAProxy": master-worker mode reloads on USR2
    "haproxy": (
        Rotation(action=RotationAction.SIGNAL, signal="USR2", process="haproxy"),
        "HAProxy in master-worker mode reads its files again on USR2.",
    ),
}
"""App, by its image or chart -> how it takes up what changes, and why that is known."""
_PARTS: Final = {"kube-prometheus-stack": {"grafana": "grafana"}}
"""Chart of several apps -> the first of the keys that lead to a container -> which app it is."""


def choose_rotation(
    consumers: Iterable[Consumer], reads: Iterable[Read], *, has_identity: bool
) -> tuple[Rotation, str]:
    """Return what a workload does when its credential changes, and why that is known; no words when it is not.

    Args:
        consumers: of the workload.
        reads: how its containers get the values.
        has_identity: the agent runs as the app, which it must to signal it.
    """
    from_environment = any(one.delivery is Delivery.ENV_WRAPPED for one in reads)
    for consumer in consumers:
        for name in _names(consumer):
            rotation, why = _APPS.get(name, (None, ""))
            if rotation is None or (rotation.signal and not has_identity):
                continue
            if from_environment and rotation.action is not RotationAction.RESTART:
                continue  # what stands in the environment is there until the process ends
            return rotation, why
    return Rotation(), ""


def _names(consumer: Consumer) -> Iterable[str]:
    container = consumer.container
    part = _PARTS.get(consumer.chart, {}).get(container.place[0] if container and container.place else "")
    if part:
        yield part
    for text in (container.image if container else "", consumer.chart):
        yield from app_names(text) if text else ()


def advise(rotation: Rotation, why: str, max_ttl_s: int) -> tuple[str, ...]:
    """Return what a reviewer should know of a rotation, one line each.

    Args:
        rotation: as chosen.
        why: how the app is known to do it; empty when it is not.
        max_ttl_s: how long a login is renewed.
    """
    if rotation.action is RotationAction.NONE:
        return ()
    lasting = words(max_ttl_s)
    if why:
        return (why, f"That happens after {lasting} (maxTtl under engineRoles in phase2.yaml).")
    return (
        f"How the app takes up a new login is not known. This one is renewed for {lasting}: restart the app within that time,",
        "let the agent do it (signal: TERM, process: its name), or give the role a longer maxTtl (engineRoles in phase2.yaml).",
    )


def max_ttl_of(config: Config, namespace: str, names: Iterable[str], engines: Iterable[str]) -> int:
    """Return the shortest time after which one of several logins ends for good, in seconds."""
    have = tuple(names)
    found = [config.find_engine_role(namespace, have, engine) for engine in engines]
    return min(((one.max_ttl_s if one else 0) or MAX_TTL_S for one in found), default=MAX_TTL_S)


def ttl_of(config: Config, namespace: str, names: Iterable[str], engines: Iterable[str]) -> int:
    """Return the shortest time after which one of several logins ends unless it is renewed, in seconds."""
    have = tuple(names)
    found = [config.find_engine_role(namespace, have, engine) for engine in engines]
    return min(((one.ttl_s if one else 0) or TTL_S for one in found), default=TTL_S)
