"""Little trees whose one reader is a Helm release, and what a plan of them proposes."""

from __future__ import annotations

import textwrap
from pathlib import Path

from injector.migration.model import Workload
from injector.plan.model import Plan
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, plan_of, shop

ENV = """\
env:
  PGHOST: db.example.org
  PGUSER: {valueFrom: {secretKeyRef: {name: db, key: PGUSER}}}
  PGPASSWORD: {secretKeyRef: {name: db, key: PGPASSWORD}}
"""
"""Variables as the app-template takes them, in two of its forms."""


def release(values: str, chart: str = "app-template") -> str:
    """A HelmRelease ``web`` with these values."""
    head = f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
spec:
  chart: {{spec: {{chart: {chart}}}}}
  values:
"""
    return head + textwrap.indent(values, "    ")


def app(container: str, *, controller: str = "", values: str = "") -> str:
    """Values of an app-template with one container ``app``, and more for its controller and beside it."""
    made = f"controllers:\n  web:\n{textwrap.indent(controller, '    ')}    containers:\n      app:\n"
    return f"{made}        image: {{repository: ghcr.io/acme/shop, tag: v1}}\n{textwrap.indent(container, '        ')}{values}"


def charted(values: str, chart: str = "app-template", config: str = CONFIG) -> dict[str, str]:
    """A tree with one ExternalSecret ``db`` and the release that reads its Secret."""
    return shop(web__yaml=release(values, chart), phase2__yaml=config)


def planned(root: Path, files: dict[str, str]) -> Plan:
    """Plan a tree."""
    return plan_of(grow(root, files))[0]


def workload_of(plan: Plan) -> Workload:
    """Return the one workload of the one proposal."""
    assert not plan.blocked, [one.why for one in plan.blocked]
    (proposal,) = plan.proposals
    (workload,) = proposal.migration.workloads
    return workload
