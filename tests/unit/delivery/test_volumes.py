"""Volumes: the path stays, and so do permissions and what else the folder holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.migration.model import Delivery, Read
from tests.unit.delivery.releases import planned, workload_of
from tests.unit.stages.moving import deployment, shop

MOUNTS = "        volumeMounts:\n        - {{name: login, {mount}}}\n      volumes:\n      - name: login\n        secret: {{secretName: db{more}}}\n"
ENV = "        env: [{name: PGHOST, value: db.example.org}]\n"
ITEMS = ", items: [{key: PGUSER, path: u}, {key: PGPASSWORD, path: p}]"


def reads(root: Path, mount: str, more: str = "") -> list[Read]:
    tree = shop(web__yaml=deployment(reads=ENV + MOUNTS.format(mount=mount, more=more)))
    (container,) = workload_of(planned(root, tree)).containers
    return list(container.reads)


def test_a_folder_stays_where_it_is(tmp_path: Path) -> None:
    assert reads(tmp_path, "mountPath: /etc/login/") == [Read(key="*", delivery=Delivery.FILE, path="/etc/login")]


def test_items_keep_their_names(tmp_path: Path) -> None:
    found = [(one.key, one.path, one.is_single) for one in reads(tmp_path, "mountPath: /etc/login", ITEMS)]

    assert found == [("PGUSER", "/etc/login/u", False), ("PGPASSWORD", "/etc/login/p", False)]


@pytest.mark.parametrize(("more", "sub_path"), [("", "PGPASSWORD"), (ITEMS, "p")])
def test_a_single_file_hides_nothing_of_its_folder(more: str, sub_path: str, tmp_path: Path) -> None:
    mount = f"mountPath: /app/login.txt, subPath: {sub_path}"

    assert reads(tmp_path, mount, more) == [
        Read(key="PGPASSWORD", delivery=Delivery.FILE, path="/app/login.txt", is_single=True)
    ]


@pytest.mark.parametrize(
    ("told", "mode"), [("", ""), ("0644", ""), ("0400", "0400"), ("256", "0400"), ("'0400'", ""), ("true", "")]
)
def test_permissions_are_the_volumes(told: str, mode: str, tmp_path: Path) -> None:
    more = f", defaultMode: {told}" if told else ""

    assert [one.mode for one in reads(tmp_path, "mountPath: /etc/login", more)] == [mode]


def test_a_folder_with_keys_that_stay_is_blocked(tmp_path: Path) -> None:
    tree = shop(web__yaml=deployment(reads=ENV + MOUNTS.format(mount="mountPath: /etc/login", more="")))
    tree["db.yaml"] += "    - secretKey: api-token\n      remoteRef: {key: shop/api, property: token}\n"
    plan = planned(tmp_path, tree)

    assert [one.why for one in plan.blocked] == [
        "Deployment/shop/web: the folder /etc/login also holds api-token, which stay; give the volume `items` with the keys it needs"
    ]
