"""Without the webhook: what is written into the values of the example's charts, and what they have no place for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.golden.test_tazlab import TREE
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import refusals, step, tree_of

RELEASE = Path("infrastructure/operators/monitoring/helmrelease.yaml")
ONLY = ["monitoring/tazlab-db-pguser-grafana"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {str(one.relative_to(TREE)): one.read_bytes() for one in TREE.rglob("*") if one.is_file()}
    grow(tmp_path, files)
    step(tmp_path, "prepare")
    return tmp_path


def test_grafanas_values_say_all_that_the_webhook_would(root: Path) -> None:
    step(root, "inject", only=ONLY, is_inline=True)

    grafana = yaml.safe_load((root / RELEASE).read_text())["spec"]["values"]["grafana"]
    annotations = grafana["podAnnotations"]
    assert grafana["podLabels"] == {"phase2.tazlab.net/inject": "true", "phase2.tazlab.net/eso": "skip"}
    assert grafana["env"] == {
        "GF_DATABASE_USER__FILE": "/vault/secrets/tazlab-db-pguser-grafana/user",
        "GF_DATABASE_PASSWORD__FILE": "/vault/secrets/tazlab-db-pguser-grafana/password",
    }
    assert "envValueFrom" not in grafana
    assert grafana["extraContainerVolumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "vault"
    assert annotations["vault.hashicorp.com/agent-inject-template-tazlab-db-pguser-grafana-user"] == (
        '{{- with $s1 := secret "database/creds/monitoring-tazlab-db-pguser-grafana" }}{{ $s1.Data.username }}{{ end }}'
    )
    assert annotations["vault.hashicorp.com/agent-inject-containers"] == "grafana"


def test_a_chart_that_passes_annotations_through_tpl_gets_quoted_braces(root: Path) -> None:
    config = root / "phase2.yaml"
    more = "  - {namespace: monitoring, serviceAccount: kube-prometheus-stack-grafana, annotationsForm: template}\n"
    config.write_text(config.read_text() + more)

    step(root, "inject", only=ONLY, is_inline=True)

    grafana = yaml.safe_load((root / RELEASE).read_text())["spec"]["values"]["grafana"]
    template = grafana["podAnnotations"]["vault.hashicorp.com/agent-inject-template-tazlab-db-pguser-grafana-user"]
    assert template.startswith("{{ `{{- with $s1")


def test_all_stages_go_back_to_the_same_bytes(root: Path) -> None:
    start = tree_of(root)
    step(root, "inject", only=ONLY, is_inline=True)
    for stage in ("release", "retire"):
        assert refusals(step(root, stage, only=ONLY)) == []

    for _ in range(3):
        step(root, "back", only=ONLY)

    assert tree_of(root) == start


def test_what_a_chart_has_no_place_for_is_refused(root: Path) -> None:
    made = step(root, "inject", only=["multica/multica-secrets"], is_inline=True)

    (refused,) = refusals(made)
    assert refused.split("; ")[0] == (
        "apps/base/multica/helmrelease.yaml:1: HelmRelease/multica/multica: nobody knows where chart multica takes its pods' "
        "annotations"
    )
    assert not made.workspace.changed


def test_an_app_templates_command_is_wrapped_so_that_flux_leaves_it_alone(root: Path) -> None:
    step(root, "inject", only=["buzz/buzz-secrets"], is_inline=True)

    release = yaml.safe_load((root / "apps/base/buzz/helmrelease.yaml").read_text())
    app = release["spec"]["values"]["controllers"]["relay"]["containers"]["app"]
    assert app["command"][:2] == ["/bin/sh", "-ec"]
    assert 'export REDIS_URL="$${REDIS_URL%x}"' in app["command"][2]
    assert app["command"][3:] == ["phase2", "/usr/local/bin/buzz-relay"]
    assert set(app["env"]) == {"RELAY_URL", "BUZZ_RELAY_PRIVATE_KEY", "BUZZ_GIT_HOOK_HMAC_SECRET"}
