"""What happens when a credential changes while an app runs: how the app takes up the new one, and until when it must.

The agent renews a lease until its longest time is over; then there is a new credential, and the old one ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from injector.config.model import Config, EngineRole
from injector.delivery.mode import TTL_S, words
from injector.knowledge.apps import app_names
from injector.knowledge.engines import ASKED
from injector.knowledge.filevariables import MAKERS
from injector.migration.model import Delivery, Read, Rotation, RotationAction
from injector.model import Consumer

MAX_TTL_S: Final = 24 * 3600
"""What a role has where nobody says otherwise (`injector.vault.build`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How an app takes up what changes.

    Attributes:
        why: in words, for a reviewer.
        is_image: only the image tells; a chart of that name may deploy another one.
    """

    rotation: Rotation
    why: str
    is_image: bool = False


def _ended(process: str, app: str) -> _Habit:
    """Return the habit of an app that reads its files or variables when it starts, and whose process is known.

    Args:
        process: as the kernel calls it: the program's file name, at most 15 characters (proc(5), ``comm``).
        app: in words.
    """
    why = f"{app} reads its login once, when it starts: the agent ends it when that changes, and the kubelet starts it again."
    return _Habit(rotation=Rotation(action=RotationAction.RESTART, signal="TERM", process=process), why=why)


def _signalled(signal: str, process: str, why: str) -> _Habit:
    return _Habit(rotation=Rotation(action=RotationAction.SIGNAL, signal=signal, process=process), why=why)


def _rereads(why: str, *, is_image: bool = False) -> _Habit:
    return _Habit(rotation=Rotation(action=RotationAction.REREAD), why=why, is_image=is_image)


def _restarted(why: str) -> _Habit:
    return _Habit(rotation=Rotation(), why=why)


_APPS: Final[dict[str, _Habit]] = {
    # packaging/docker/run.sh ends with `exec grafana server`; "Override configuration with file provider", both of
    # https://github.com/grafana/grafana and https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/
    "grafana": _ended("grafana", "Grafana"),
    # https://github.com/dani-garcia/vaultwarden docker/start.sh: `exec /vaultwarden`; src/util.rs get_env_str_value
    "vaultwarden": _ended("vaultwarden", "Vaultwarden"),
    # https://github.com/authelia/authelia entrypoint.sh: `exec authelia`
    "authelia": _ended("authelia", "Authelia"),
    # https://github.com/miniflux/v2 packaging/docker/alpine/Dockerfile: CMD /usr/bin/miniflux
    "miniflux": _ended("miniflux", "Miniflux"),
    # https://github.com/go-vikunja/vikunja Dockerfile: ENTRYPOINT /app/vikunja/vikunja
    "vikunja": _ended("vikunja", "Vikunja"),
    # https://github.com/go-gitea/gitea docker/root/etc/s6/gitea/run: settings are made by `setup`, then `gitea web`
    "gitea": _ended("gitea", "Gitea"),
    # https://github.com/usememos/memos scripts/entrypoint.sh: reads the file, then `exec ./memos`
    "memos": _ended("memos", "Memos"),
    # https://github.com/semaphoreui/semaphore deployment/docker/server/server-wrapper: `exec semaphore server`
    "semaphore": _ended("semaphore", "Semaphore"),
    # https://github.com/prometheus-community/postgres_exporter cmd/postgres_exporter/datasource.go, read at the start
    "postgres-exporter": _ended("postgres_export", "The exporter"),
    # https://prometheus.io/docs/prometheus/latest/configuration/configuration/: files of secrets are read at each request
    "prometheus": _rereads("Prometheus reads password files at each request."),
    "alertmanager": _rereads("Alertmanager reads password files at each request."),
    # https://github.com/docker-library/wordpress wp-config-docker.php: getenv_docker() reads the file in every request
    "wordpress": _rereads("WordPress reads the files in every request (the official image).", is_image=True),
    # https://nginx.org/en/docs/control.html
    "nginx": _signalled("HUP", "nginx", "nginx reads its files again on HUP."),
    # https://www.haproxy.org/ management guide, "Stopping and restarting HAProxy": master-worker mode reloads on USR2
    "haproxy": _signalled("USR2", "haproxy", "HAProxy in master-worker mode reads its files again on USR2."),
    # https://github.com/pgbouncer/pgbouncer doc/usage.md, "Signals" and RELOAD: new server connections use new logins
    "pgbouncer": _signalled("HUP", "pgbouncer", "PgBouncer reads its files again on HUP, and lets old connections go."),
    # https://github.com/immich-app/immich server/start.sh: reads the files, then becomes node
    "immich": _restarted("Immich reads its login once, when it starts."),
    "immich-server": _restarted("Immich reads its login once, when it starts."),
    # https://github.com/mealie-recipes/mealie docker/entry.sh: load_secrets, then python
    "mealie": _restarted("Mealie reads its login once, when it starts."),
    # https://github.com/paperless-ngx/paperless-ngx docker/rootfs/etc/s6-overlay/s6-rc.d/init-env-file/run
    "paperless-ngx": _restarted("Paperless reads its login once, when its container starts."),
    # https://github.com/nextcloud/docker .config/autoconfig.php: only an installation reads the variables
    "nextcloud": _restarted(
        "Nextcloud reads these variables when it is installed, and config.php from then on: let config.php read the files."
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
            habit = _APPS.get(name)
            if habit is None or (habit.is_image and not _is_own_image(consumer, name)):
                continue
            rotation = habit.rotation
            if rotation.signal and not has_identity:
                continue
            if from_environment and rotation.action is not RotationAction.RESTART:
                continue  # what stands in the environment is there until the process ends
            return rotation, habit.why
    return Rotation(), ""


def _is_own_image(consumer: Consumer, name: str) -> bool:
    """Tell whether the container's image itself is the app's own, not another maker's of the same name."""
    image = consumer.container.image if consumer.container else ""
    return name in app_names(image) and not any(maker in image.lower().split("/") for maker in MAKERS)


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
    if why and rotation.action is RotationAction.RESTART and not rotation.signal:
        return (
            why,
            f"This login is renewed for {lasting}: restart the app within that time, let the agent do it (signal: TERM, process:",
            "its name), or give the role a longer maxTtl (engineRoles in phase2.yaml).",
        )
    if why:
        return (why, f"That happens after {lasting} (maxTtl under engineRoles in phase2.yaml).")
    return (
        f"How the app takes up a new login is not known. This one is renewed for {lasting}: restart the app within that time,",
        "let the agent do it (signal: TERM, process: its name), or give the role a longer maxTtl (engineRoles in phase2.yaml).",
    )


def max_ttl_of(config: Config, namespace: str, names: Iterable[str], engines: Iterable[str]) -> int:
    """Return the shortest time after which one of several logins ends for good, in seconds."""
    have = tuple(names)
    return min((_longest(config.find_engine_role(namespace, have, one), one) for one in engines), default=MAX_TTL_S)


_TIME: Final = re.compile(r"([0-9]{1,9})([smh]?)\Z")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


def _longest(role: EngineRole | None, engine: str) -> int:
    if engine in ASKED:  # a certificate or a ServiceAccount's token is never renewed: the agent asks for another
        match = _TIME.match(role.request.get("ttl", "")) if role else None
        return (int(match[1]) * _SECONDS[match[2]] if match else role.ttl_s if role else 0) or TTL_S
    return (role.max_ttl_s if role else 0) or MAX_TTL_S


def ttl_of(config: Config, namespace: str, names: Iterable[str], engines: Iterable[str]) -> int:
    """Return the shortest time after which one of several logins ends unless it is renewed, in seconds."""
    have = tuple(names)
    return min((_shortest(config.find_engine_role(namespace, have, one), one) for one in engines), default=TTL_S)


def _shortest(role: EngineRole | None, engine: str) -> int:
    return _longest(role, engine) if engine in ASKED else (role.ttl_s if role else 0) or TTL_S
