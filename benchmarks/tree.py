"""Makes a GitOps tree of any size from a seed: the same seed and scale, the same bytes.

Each cluster has its own Flux entry point, a ``ks.yaml`` an app, and beside the manifests what real repositories hold
besides: dashboards, scripts, CRDs, encrypted Secrets, plain overlays, files that nobody deploys. A file has about
2.7 KB on average, most of it in a few large ones; ``--dense`` leaves those out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from benchmarks import manifests as m

FILES_AT_SCALE_ONE: Final = 400
_APPS_OF_A_CLUSTER: Final = 700
"""About 4,500 files: larger trees have more clusters, as fleets have."""
_APPS_OF_A_NAMESPACE: Final = 8
_VARIABLES: Final = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cluster-settings\n  namespace: flux-system\ndata:\n"
)


def make_tree(files: int, seed: int, *, is_dense: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of about `files` files; every app is whole, so a few more may come."""
    rng = Random(seed)  # noqa: S311 - a benchmark's data is no secret
    made = 0
    number = 0
    while made < files:
        cluster = f"c{number:02}"
        for path, text in _cluster(cluster, files - made, rng, is_dense=is_dense):
            made += 1
            yield path, text
        number += 1


def write_tree(out: Path, files: int, seed: int, *, is_dense: bool = False) -> tuple[int, int]:
    """Write a tree below `out` and return how many files and bytes it has."""
    count = size = 0
    for path, text in make_tree(files, seed, is_dense=is_dense):
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        count += 1
        size += len(text.encode())
    return count, size


def _cluster(cluster: str, budget: int, rng: Random, *, is_dense: bool) -> Iterator[tuple[str, str]]:
    base = f"kubernetes/{cluster}"
    entry = f"clusters/{cluster}"
    yield f"{entry}/flux-system.yaml", m.flux_kustomization("flux-system", entry)
    yield f"{entry}/settings.yaml", f"{_VARIABLES}  SECRET_DOMAIN: example.invalid\n  CLUSTER: {cluster}\n"
    yield f"{entry}/stores.yaml", m.flux_kustomization("stores", f"{base}/stores")
    yield f"{entry}/apps.yaml", m.flux_kustomization("apps", f"{base}/apps", after="stores")
    yield f"{base}/stores/kustomization.yaml", m.kustomization(["./store.yaml"])
    yield f"{base}/stores/store.yaml", m.STORE
    made = 6
    app = 0
    while made < budget and app < _APPS_OF_A_CLUSTER:
        namespace = f"{m.WORDS[app // _APPS_OF_A_NAMESPACE % len(m.WORDS)]}-{app // _APPS_OF_A_NAMESPACE}"
        folder = f"{base}/apps/{namespace}"
        names = []
        for _ in range(_APPS_OF_A_NAMESPACE):
            name = f"{rng.choice(m.WORDS)}-{app}"
            names.append(name)
            app += 1
            for path, text in _app(name, namespace, folder, rng, is_dense=is_dense):
                made += 1
                yield path, text
            if made >= budget:
                break
        yield f"{folder}/kustomization.yaml", m.kustomization([f"./{name}/ks.yaml" for name in names])
        made += 1


def _app(name: str, namespace: str, folder: str, rng: Random, *, is_dense: bool) -> Iterator[tuple[str, str]]:
    home = f"{folder}/{name}"
    if rng.random() < 0.06:  # noqa: PLR2004 - the share of apps with overlays
        yield from _overlays(name, namespace, home, rng)
        return
    found = dict(_manifests(name, namespace, rng))
    generated = ""
    if not is_dense:
        generated = _large_ones(name, namespace, found, rng)
    listed = [f"./{path}" for path in found if "/" not in path]
    yield f"{home}/ks.yaml", m.flux_kustomization(name, f"{home}/app", after="stores")
    yield f"{home}/app/kustomization.yaml", m.kustomization(listed, generated)
    for path, text in found.items():
        yield f"{home}/app/{path}", text
    if rng.random() < 0.1:  # noqa: PLR2004 - the share of apps with something that nobody deploys
        yield f"{home}/old/externalsecret.yaml", m.external_secret(f"{name}-old", namespace, rng)


def _manifests(name: str, namespace: str, rng: Random) -> Iterator[tuple[str, str]]:
    shares = rng.random(), rng.random(), rng.random(), rng.random(), rng.random()
    if shares[0] < 0.75:  # noqa: PLR2004 - the rest has no secrets of its own
        yield "externalsecret.yaml", m.external_secret(name, namespace, rng)
    if rng.random() < 0.6:  # noqa: PLR2004 - Helm is the more frequent way
        yield "helmrelease.yaml", m.helm_release(name, namespace, rng)
    else:
        yield from m.workload(name, namespace, rng).items()
    if shares[1] < 0.4:  # noqa: PLR2004 - as counted in home clusters
        yield "pvc.yaml", m.claim(name, namespace, rng)
    if shares[2] < 0.2:  # noqa: PLR2004 - as above
        yield "networkpolicy.yaml", m.network_policy(name, namespace, rng)
    if shares[3] < 0.1:  # noqa: PLR2004 - as above
        yield "secret.sops.yaml", m.sops_secret(name, namespace, rng)
    if shares[4] < 0.2:  # noqa: PLR2004 - as above
        yield "prometheusrule.yaml", m.alerts(name, namespace, rng)


def _large_ones(name: str, namespace: str, found: dict[str, str], rng: Random) -> str:
    """Add what makes real trees large; return the generators that a kustomization needs for it."""
    generated = ""
    if rng.random() < 0.2:  # noqa: PLR2004 - apps that come with scripts
        text = m.config_map(f"{name}-config", namespace, {"run.sh": m.script(rng, rng.randint(20, 200))})
        found["configmap.yaml"] = text
    if rng.random() < 0.1:  # noqa: PLR2004 - dashboards as ConfigMaps
        text = m.config_map(f"{name}-board", namespace, {"board.json": m.dashboard(rng, rng.randint(10, 60))})
        found["dashboard.yaml"] = text
    if rng.random() < 0.08:  # noqa: PLR2004 - dashboards as files
        found["resources/board.json"] = m.dashboard(rng, rng.randint(10, 60))
        generated = f"configMapGenerator:\n  - name: {name}-board\n    files:\n      - resources/board.json\n"
    if rng.random() < 0.05:  # noqa: PLR2004 - vendored CRDs
        found["crd.yaml"] = m.custom_resource_definition(name.replace("-", ""), rng, rng.randint(40, 300))
    return generated


def _overlays(name: str, namespace: str, home: str, rng: Random) -> Iterator[tuple[str, str]]:
    """Yield an app with a base and two overlays that give it its namespace and its remote paths."""
    yield f"{home}/ks.yaml", m.flux_kustomization(name, f"{home}/overlays/prod", after="stores")
    parts = {"externalsecret.yaml": m.external_secret(name, namespace, rng), **m.workload(name, namespace, rng)}
    yield f"{home}/base/kustomization.yaml", m.kustomization([f"./{path}" for path in parts])
    for path, text in parts.items():
        yield f"{home}/base/{path}", text
    for stage in ("prod", "staging"):
        patch = (
            f"namespace: {namespace}-{stage}\npatches:\n  - target:\n      kind: ExternalSecret\n    patch: |-\n"
            f"      - op: replace\n        path: /spec/secretStoreRef/name\n        value: vault\n"
            f"images:\n  - name: ghcr.io/example/{name}\n    newTag: {stage}\n"
        )
        yield f"{home}/overlays/{stage}/kustomization.yaml", m.kustomization(["../../base"], patch)


def main() -> None:
    """Write the tree that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tree", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder; files in it are overwritten")
    parser.add_argument("--scale", type=int, default=1, help=f"how many times {FILES_AT_SCALE_ONE} files (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another tree of the same kind (default 1)")
    parser.add_argument("--dense", action="store_true", help="small manifests only, about 1 KB a file")
    given = parser.parse_args()
    count, size = write_tree(given.out, given.scale * FILES_AT_SCALE_ONE, given.seed, is_dense=given.dense)
    print(f"{given.out}: {count} files, {size / 1e6:.1f} MB, {size / count / 1000:.2f} KB a file")


if __name__ == "__main__":
    main()
