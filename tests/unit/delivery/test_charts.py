"""Charts whose places are known: labels, annotations with or without ``tpl``, commands, variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from injector.delivery.charts import CHARTS, find_places
from tests.unit.delivery.releases import charted, planned
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, refusals, step, tree_of

FILES = (
    f"{CONFIG}apps:\n  - {{image: '*', chart: '*', is: client, system: postgresql, fileSuffix: _FILE}}\nworkloads:\n"
)
ACCOUNT = "  - {namespace: shop, serviceAccount: shop, container: shop}\n"
REFERENCES = """\
- name: PGUSER
  valueFrom: {secretKeyRef: {name: db, key: PGUSER}}
- name: PGPASSWORD
  valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}
"""


def under(path: str, body: str) -> str:
    """YAML with `body` below a dotted path."""
    parts = path.split(".")
    lines = [f"{'  ' * depth}{part}:\n" for depth, part in enumerate(parts)]
    return "".join(lines) + "".join(f"{'  ' * len(parts)}{line}\n" for line in body.splitlines())


def values_at(root: Path, stage: str, values: str, chart: str, *, is_inline: bool = False) -> dict[str, Any]:
    grow(root, charted(values, chart, FILES + ACCOUNT))
    for one in ("prepare", "inject", "release"):
        assert refusals(step(root, one, is_inline=is_inline)) == []
        if one == stage:
            break
    found: dict[str, Any] = yaml.safe_load((root / "web.yaml").read_text())["spec"]["values"]
    return found


@pytest.mark.parametrize(
    ("chart", "place", "scope"),
    [
        ("keycloakx", "extraEnv", ()),
        ("wordpress", "extraEnvVars", ()),
        ("authentik", "server.env", ("server",)),
        ("authentik", "worker.env", ("worker",)),
        ("authentik", "global.env", ("global",)),
    ],
)
def test_a_known_charts_pods_opt_in_where_it_takes_labels(
    chart: str, place: str, scope: tuple[str, ...], tmp_path: Path
) -> None:
    body = values_at(tmp_path, "inject", under(place, REFERENCES), chart)

    for key in scope:
        body = body[key]
    assert body["podLabels"] == {"phase2.tazlab.net/inject": "true"}


@pytest.mark.parametrize(
    ("chart", "place", "is_template"), [("wordpress", "extraEnvVars", True), ("authentik", "server.env", False)]
)
def test_braces_are_quoted_where_a_chart_passes_annotations_through_tpl(
    chart: str,
    place: str,
    is_template: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    body = values_at(tmp_path, "inject", under(place, REFERENCES), chart, is_inline=True)

    notes = body["server"]["podAnnotations"] if chart == "authentik" else body["podAnnotations"]
    templates = [value for key, value in notes.items() if "agent-inject-template" in key]
    assert len(templates) == 2
    assert {one.startswith("{{ `{{") for one in templates} == {is_template}


@pytest.mark.parametrize("is_inline", [True, False])
def test_n8n_takes_literal_variables_as_mappings(is_inline: bool, tmp_path: Path) -> None:  # noqa: FBT001
    variables = "PGUSER: {valueFrom: {secretKeyRef: {name: db, key: PGUSER}}}\nPGPASSWORD: {valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}}\n"
    body = values_at(tmp_path, "release", under("main.extraEnv", variables), "n8n", is_inline=is_inline)

    assert body["main"]["extraEnv"] == {
        "PGUSER_FILE": {"value": "/vault/secrets/db/PGUSER"},
        "PGPASSWORD_FILE": {"value": "/vault/secrets/db/PGPASSWORD"},
    }


@pytest.mark.parametrize("is_inline", [True, False])
def test_a_known_chart_goes_forth_and_back_to_the_same_bytes(is_inline: bool, tmp_path: Path) -> None:  # noqa: FBT001
    grow(tmp_path, charted(under("extraEnvVars", REFERENCES), "wordpress", FILES + ACCOUNT))
    start = tree_of(tmp_path)

    for stage in ("prepare", "inject", "release", "retire"):
        assert refusals(step(tmp_path, stage, is_inline=is_inline)) == []
    for _ in range(4):
        step(tmp_path, "back")

    assert tree_of(tmp_path) == start


def test_a_command_that_a_chart_takes_is_wrapped_in_its_values(tmp_path: Path) -> None:
    config = f"{CONFIG}apps:\n  - {{image: '*', chart: '*', is: client, system: postgresql}}\nworkloads:\n{ACCOUNT}"
    values = "command: [/opt/run.sh]\n" + under("extraEnvVars", REFERENCES)
    grow(tmp_path, charted(values, "wordpress", config))
    for stage in ("prepare", "inject"):
        assert refusals(step(tmp_path, stage, is_inline=True)) == []

    body = yaml.safe_load((tmp_path / "web.yaml").read_text())["spec"]["values"]
    assert body["command"][0] == "/bin/sh"
    assert body["command"][3:] == ["phase2", "/opt/run.sh"]
    assert "extraEnvVars" not in body


def test_volumes_of_a_chart_leave_with_their_mounts(tmp_path: Path) -> None:
    values = (
        "extraVolumes:\n- name: login\n  secret: {secretName: db}\n- name: other\n  emptyDir: {}\n"
        "extraVolumeMounts:\n- {name: login, mountPath: /etc/login}\n- {name: other, mountPath: /x}\n"
    )
    body = values_at(tmp_path, "release", values, "wordpress")

    assert body["extraVolumes"] == [{"name": "other", "emptyDir": {}}]
    assert body["extraVolumeMounts"] == [{"name": "other", "mountPath": "/x"}]


def test_secrets_with_their_mount_in_one_entry_leave_as_well(tmp_path: Path) -> None:
    values = "extraSecretMounts:\n- {name: login, secretName: db, mountPath: /etc/login, readOnly: true}\n"
    body = values_at(tmp_path, "release", values, "grafana")

    assert "extraSecretMounts" not in body


def test_what_a_chart_only_knows_itself_is_asked_for(tmp_path: Path) -> None:
    plan = planned(tmp_path, charted(under("extraEnvVars", REFERENCES), "wordpress", FILES.replace("workloads:\n", "")))

    assert [one.what for one in plan.undecided] == [
        "which ServiceAccount the pods of HelmRelease web have: its chart decides it"
    ]


def test_an_unknown_chart_has_no_places() -> None:
    assert find_places("nobody-knows-it", "web", ()) is None
    assert len(CHARTS) >= 19
