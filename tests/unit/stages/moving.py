"""Little trees that move: grown, taken through stages, looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from injector.classify import classify
from injector.config.load import load_config
from injector.inventory.build import build_inventory
from injector.manifests.tree import load_tree
from injector.migration.model import Stage
from injector.plan.build import build_plan
from injector.plan.model import Plan
from injector.stages.check import check_outcome
from injector.stages.journal import FOLDER
from injector.stages.preview import preview
from injector.stages.rollback import roll_back
from injector.stages.run import Outcome, Scene, apply_stage
from injector.stages.workspace import Workspace
from tests.unit.inventory.trees import grow

CONFIG = """\
vault:
  auth: {method: jwt, mount: jwt, audience: vault}
engineRoles:
  - connection: main
    owner: shop
"""
STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec:
  provider:
    vault: {server: "https://vault:8200", path: secret, version: v2}
"""
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources:
  - store.yaml
  - db.yaml
  - web.yaml
"""
EXTERNAL_SECRET = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: db
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target:
    creationPolicy: Owner  # its own
  data:
    - secretKey: PGUSER
      remoteRef: {key: shop/db, property: user}
    - secretKey: PGPASSWORD
      remoteRef: {key: shop/db, property: password}
"""
VARIABLES = """\
        env:
        - name: PGHOST
          value: db.example.org
        - name: PGUSER
          valueFrom: {secretKeyRef: {name: db, key: PGUSER}}
        - name: PGPASSWORD
          valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}
"""
VOLUME = """\
        env:
        - name: PGHOST
          value: db.example.org
        volumeMounts:
        - name: login
          mountPath: /etc/login
      volumes:
      - name: login
        secret: {secretName: db}
"""
UNHEARD_OF = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chart: {spec: {chart: unheard-of, sourceRef: {kind: HelmRepository, name: x}}}
  values:
    env:
      - {name: PGHOST, value: db.example.org}
      - {name: PGUSER, valueFrom: {secretKeyRef: {name: db, key: PGUSER}}}
      - {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}}
"""
"""A release whose chart nobody knows."""


def deployment(*, reads: str = VARIABLES, name: str = "web", command: str = '["/app", "serve"]') -> str:
    """A Deployment whose container reads Secret db as `reads` says."""
    own = f"        command: {command}\n" if command else ""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      serviceAccountName: {name}
      containers:
      - name: app
        image: ghcr.io/acme/shop:1
{own}{reads}"""


def shop(**changed: str) -> dict[str, str]:
    """A tree with one ExternalSecret and one Deployment; files by name, with ``__`` for the dot."""
    files = {
        "phase2.yaml": CONFIG,
        "kustomization.yaml": KUSTOMIZATION,
        "store.yaml": STORE,
        "db.yaml": EXTERNAL_SECRET,
        "web.yaml": deployment(),
    }
    return files | {name.replace("__", "."): text for name, text in changed.items()}


def plan_of(root: Path) -> tuple[Plan, Scene, Workspace]:
    """Read and plan a tree."""
    tree = load_tree([root])
    inventory = build_inventory(tree, jobs=1)
    config = load_config(root / "phase2.yaml", "phase2.yaml")
    plan = build_plan(
        classify(inventory, config), config, [*inventory.deployed.migrations, *inventory.orphaned.migrations]
    )
    folder = root / FOLDER
    journals = sorted(f"{FOLDER}/{one.name}" for one in folder.iterdir()) if folder.is_dir() else []

    def read(path: str) -> bytes | None:
        return (root / path).read_bytes() if (root / path).is_file() else None

    scene = Scene(plan=plan, inventory=inventory, config=config, wanted=lambda _, __: True, journals=journals)
    return plan, scene, Workspace(read)


def step(root: Path, stage: str, *, only: Sequence[str] = (), is_inline: bool = False) -> Outcome:
    """Apply a stage (``back`` takes one back) as the command line does, and write it."""
    plan, scene, workspace = plan_of(root)
    scene = Scene(
        plan=plan,
        inventory=scene.inventory,
        config=scene.config,
        wanted=lambda namespace, name: not only or f"{namespace}/{name}" in only,
        journals=scene.journals,
        is_inline=is_inline,
    )
    if stage == "back":
        made = roll_back(scene, workspace)
    else:
        made = apply_stage(Stage(stage), scene, workspace)
        after = build_inventory(load_tree([root]).changed(made.workspace.changed), jobs=1)
        check_outcome(made, scene.inventory, after, plan)
    for path, data in made.workspace.changed.items():
        place = root / path
        if data is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return made


def reach(root: Path, files: Mapping[str, str], *stages: str) -> Path:
    """Grow a tree and take it through stages that must not refuse anything."""
    grow(root, files)
    for stage in stages:
        made = step(root, stage)
        assert not made.refused, [one.why for one in made.refused]
    return root


def refusals(made: Outcome) -> list[str]:
    """Return what was refused, in words with its place."""
    return [f"{one.location}: {one.why}" for one in made.refused]


def shown(root: Path) -> tuple[list[str], list[dict[str, bytes]]]:
    """Return what a plan of the tree refuses, and the tree as each of its stages would leave it."""
    _, scene, workspace = plan_of(root)
    seen = preview(scene, workspace)
    trees: list[dict[str, bytes]] = []
    now = tree_of(root)
    for delta in seen.deltas:
        assert {path: old for path, (old, _) in delta.items()} == {path: now.get(path) for path in delta}
        changed = {path: new for path, (_, new) in delta.items()}
        now = {path: data for path, data in {**now, **changed}.items() if data is not None}
        trees.append(now)
    return [f"{one.location}: {one.why}" for one in seen.refused], trees


def tree_of(root: Path) -> dict[str, bytes]:
    """Return every file of a tree."""
    return {str(one.relative_to(root)): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}


def two_logins() -> dict[str, str]:
    """A tree whose one Deployment reads two Secrets, each with a migration of its own."""
    second = EXTERNAL_SECRET.replace("name: db\n", "name: db2\n").replace("PG", "MY")
    reads = f"""\
{VARIABLES}        - name: MYSQL_HOST
          value: my.example.org
        - name: MYUSER
          valueFrom: {{secretKeyRef: {{name: db2, key: MYUSER}}}}
        - name: MYPASSWORD
          valueFrom: {{secretKeyRef: {{name: db2, key: MYPASSWORD}}}}
"""
    config = f"""\
{CONFIG}    grants: [anything]
overrides:
  - {{name: db2, key: MYPASSWORD, verdict: dynamic-capable, engine: database/mysql, reason: it is}}
"""
    return shop(
        phase2__yaml=config,
        kustomization__yaml=f"{KUSTOMIZATION}  - db2.yaml\n",
        db2__yaml=second,
        web__yaml=deployment(reads=reads),
    )


def based(*namespaces: str, overlays: Sequence[str] = ()) -> dict[str, str]:
    """A base with the ExternalSecret and the Deployment, and an overlay for each namespace (named as `overlays` says)."""
    files = {
        "phase2.yaml": CONFIG,
        "base/kustomization.yaml": "resources: [db.yaml, web.yaml]\n",
        "base/db.yaml": EXTERNAL_SECRET,
        "base/web.yaml": deployment(),
    }
    for name, namespace in zip(overlays or namespaces, namespaces, strict=True):
        files[f"overlays/{name}/store.yaml"] = STORE
        files[f"overlays/{name}/kustomization.yaml"] = (
            f"namespace: {namespace}\nresources:\n- ../../base\n- store.yaml\n"
        )
    return files
