"""How apps take up new logins, and what a reviewer is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.delivery.rotation import _APPS
from injector.migration.model import RotationAction
from injector.plan.model import Proposal
from tests.unit.delivery.releases import planned
from tests.unit.stages.moving import CONFIG, VARIABLES, VOLUME, deployment, shop

USER = "        securityContext: {runAsUser: 7, runAsGroup: 7}\n"
OWN = f"{CONFIG}apps:\n  - {{image: '*', is: client, system: postgresql, fileSuffix: _FILE}}\n"


def proposal(root: Path, image: str, *, reads: str = USER + VOLUME, config: str = OWN) -> Proposal:
    manifest = deployment(reads=reads).replace("ghcr.io/acme/shop:1", image)
    (found,) = planned(root, shop(web__yaml=manifest, phase2__yaml=config)).proposals
    return found


@pytest.mark.parametrize(
    ("image", "signal", "process"),
    [
        ("grafana/grafana:11", "TERM", "grafana"),
        ("vaultwarden/server:1", "TERM", "vaultwarden"),
        ("ghcr.io/authelia/authelia:4", "TERM", "authelia"),
        ("miniflux/miniflux:2", "TERM", "miniflux"),
        ("quay.io/prometheuscommunity/postgres-exporter:v0.16", "TERM", "postgres_export"),
        ("nginx:1", "HUP", "nginx"),
        ("edoburu/pgbouncer:1", "HUP", "pgbouncer"),
    ],
)
def test_the_agent_signals_what_is_known_to_take_it_up(image: str, signal: str, process: str, tmp_path: Path) -> None:
    rotation = proposal(tmp_path, image).migration.workloads[0].rotation

    assert (rotation.signal, rotation.process) == (signal, process)


def test_a_process_has_no_longer_name_than_the_kernel_keeps() -> None:
    assert {name: one for name, one in _APPS.items() if len(one.rotation.process) > 15} == {}


@pytest.mark.parametrize("image", ["grafana/grafana:11", "nginx:1"])
def test_nobody_is_signalled_by_an_agent_that_runs_as_somebody_else(image: str, tmp_path: Path) -> None:
    rotation = proposal(tmp_path, image, reads=VOLUME).migration.workloads[0].rotation

    assert (rotation.action, rotation.signal) == (RotationAction.RESTART, "")


def test_what_stands_in_the_environment_is_there_until_the_process_ends(tmp_path: Path) -> None:
    rotation = proposal(tmp_path, "nginx:1", reads=USER + VARIABLES, config=CONFIG).migration.workloads[0].rotation

    assert (rotation.action, rotation.signal) == (RotationAction.RESTART, "")


@pytest.mark.parametrize(
    ("image", "action"),
    [("wordpress:6-apache", RotationAction.REREAD), ("docker.io/bitnami/wordpress:6", RotationAction.RESTART)],
)
def test_wordpress_reads_its_files_in_every_request_where_the_image_is_the_official_one(
    image: str, action: RotationAction, tmp_path: Path
) -> None:
    assert proposal(tmp_path, image).migration.workloads[0].rotation.action is action


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("ghcr.io/immich-app/immich-server:v2", "Immich reads its login once, when it starts."),
        ("nextcloud:31", "Nextcloud reads these variables when it is installed"),
        ("ghcr.io/acme/shop:1", "How the app takes up a new login is not known. This one is renewed for 24 h"),
    ],
)
def test_where_the_agent_cannot_help_a_reviewer_is_told_until_when_to_restart(
    image: str, told: str, tmp_path: Path
) -> None:
    found = proposal(tmp_path, image)

    words = " ".join(found.comments["spec.workloads[0].rotation"])
    assert told in words
    assert "renewed for 24 h: restart the app within that time" in words
    assert "maxTtl" in words


def test_every_habit_is_a_sentence() -> None:
    assert [name for name, one in _APPS.items() if not one.why.endswith(".")] == []
