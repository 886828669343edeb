"""``phase2 inject``: the webhook's own code, offline."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonpatch
import pytest
import yaml

from injector.migration.write import write_migration
from injector.pod.mutate import mutate_pod
from tests.cli.conftest import Run
from tests.property.admitted import STORE
from tests.unit.convention.deciding import external_secret, login
from tests.unit.pod.making import migration, mounted, pod, volume


@pytest.fixture
def policies(tmp_path: Path) -> str:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    return str(folder)


def write(path: Path, *documents: object) -> str:
    path.write_text("---\n".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    return str(path)


def test_pod_comes_out_as_the_webhook_would_make_it(run: Run, tmp_path: Path, policies: str) -> None:
    body = pod(mounted(), volumes=[volume()])
    file = write(tmp_path / "pod.yaml", body)

    ran = run("inject", "-f", file, "--policy-dir", policies, "--namespace", "shop")

    assert (ran.code, ran.err) == (0, "")
    assert yaml.safe_load(ran.out) == mutate_pod(body, "shop", [migration()]).pod


def test_patch_makes_the_same_pod(run: Run, tmp_path: Path, policies: str) -> None:
    body = pod(mounted(), volumes=[volume()])
    file = write(tmp_path / "pod.yaml", body)

    ran = run("inject", "-f", file, "--policy-dir", policies, "--namespace", "shop", "-o", "patch")

    assert jsonpatch.apply_patch(body, json.loads(ran.out)) == mutate_pod(body, "shop", [migration()]).pod


def test_template_of_a_workload_is_changed_in_its_place(run: Run, tmp_path: Path, policies: str) -> None:
    template = pod(mounted(), volumes=[volume()])
    body = {
        "kind": "CronJob",
        "metadata": {"name": "x", "namespace": "shop"},
        "spec": {"jobTemplate": {"spec": {"template": template}}},
    }
    file = write(tmp_path / "cron.yaml", body)

    ran = run("inject", "-f", file, "--policy-dir", policies, "-o", "json")

    found = json.loads(ran.out)["spec"]["jobTemplate"]["spec"]["template"]
    assert found == mutate_pod(template, "shop", [migration()]).pod


@pytest.mark.parametrize("path", ["spec.template", "spec.jobTemplate.spec.template"])
def test_patch_of_a_workload_fits_the_workload(run: Run, tmp_path: Path, policies: str, path: str) -> None:
    within: object = pod(mounted(), volumes=[volume()])
    for step in reversed(path.split(".")[1:]):
        within = {step: within}
    kind = "CronJob" if "jobTemplate" in path else "Deployment"
    metadata = {"name": "x", "namespace": "shop", "annotations": {"its": "own"}}
    body = {"kind": kind, "metadata": metadata, "spec": within}
    file = write(tmp_path / "workload.yaml", body)

    ran = run("inject", "-f", file, "--policy-dir", policies, "-o", "patch")

    changed = run("inject", "-f", file, "--policy-dir", policies, "-o", "json")
    assert jsonpatch.apply_patch(body, json.loads(ran.out)) == json.loads(changed.out) != body


def test_warnings_stand_on_stderr_with_the_line(run: Run, tmp_path: Path, policies: str) -> None:
    file = write(tmp_path / "pod.yaml", pod(mounted(), volumes=[volume()]))

    ran = run("inject", "-f", file, "--policy-dir", policies)

    assert ran.code == 0
    assert f"warning: {file}:1: Secret db stays: no SecretMigration decides" in ran.err


def test_several_documents_come_out_in_their_order(run: Run, tmp_path: Path, policies: str) -> None:
    first, second = pod(labels={}), {"kind": "List", "items": [pod(labels={"a": "b"})]}
    file = write(tmp_path / "all.yaml", first, {"kind": "Service"}, second)

    ran = run("inject", "-f", file, "--policy-dir", policies, "-o", "json")

    assert [one["metadata"]["labels"] for one in json.loads(ran.out)] == [{}, {"a": "b"}]


def test_pod_comes_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch, policies: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(json.dumps(pod(labels={})).encode()))
    monkeypatch.setattr("sys.stdin", stream)

    ran = run("inject", "-f", "-", "--policy-dir", policies, "-o", "json")

    assert json.loads(ran.out) == pod(labels={})


def test_a_broken_migration_is_no_full_answer(run: Run, tmp_path: Path, policies: str) -> None:
    (Path(policies) / "x.yaml").write_text("a: [", encoding="utf-8")
    file = write(tmp_path / "pod.yaml", pod(labels={}))

    ran = run("inject", "-f", file, "--policy-dir", policies)

    assert ran.code == 2
    assert "x.yaml:2: is no YAML" in ran.err
    assert ran.out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: [", "is no YAML"),
        ("kind: Service\n", "holds no pod and no workload; name a file"),
        ("kind: HelmRelease\n", "give what it renders"),
        (None, "cannot be read"),
    ],
)
def test_a_file_without_a_pod_is_told(run: Run, tmp_path: Path, policies: str, content: str | None, told: str) -> None:
    file = tmp_path / "pod.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")

    ran = run("inject", "-f", str(file), "--policy-dir", policies)

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


CONVENTION = """\
vault:
  mounts: {database: database}
  auth: {method: jwt}
  names: {authRole: "{namespace}.{serviceAccount}", engineRole: "{namespace}.{name}"}
  labelAlone: [shop]
webhook:
  enforce: deny
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A folder with a convention, a store, and an ExternalSecret that is a login."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "phase2.yaml").write_text(CONVENTION, encoding="utf-8")
    write(folder / "objects.yaml", STORE, login())
    return folder


def test_label_alone_is_enough_where_the_convention_says_so(run: Run, tmp_path: Path, cluster: Path) -> None:
    template = pod(mounted(), volumes=[volume()])
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": template},
    }

    ran = run("inject", "-f", write(tmp_path / "web.yaml", body), "--policy-dir", str(cluster), "-o", "json")

    assert (ran.code, ran.err) == (0, "")
    notes = json.loads(ran.out)["spec"]["template"]["metadata"]["annotations"]
    assert notes["vault.hashicorp.com/role"] == "shop.web"


def test_pod_that_the_webhook_denies_is_said_and_shown_as_it_is(run: Run, tmp_path: Path, cluster: Path) -> None:
    write(cluster / "objects.yaml", STORE, external_secret(data=("API_TOKEN",)))
    body = pod(mounted(), volumes=[volume()])
    file = write(tmp_path / "pod.yaml", body)

    ran = run("inject", "-f", file, "--policy-dir", str(cluster), "--namespace", "shop", "-o", "json")

    assert ran.code == 0
    assert "the webhook denies it: the pod asks for dynamic credentials of Secret db: it is static" in ran.err
    assert json.loads(ran.out) == body


def test_tree_in_git_may_hold_external_secrets_without_a_namespace(run: Run, tmp_path: Path, policies: str) -> None:
    """The namespace comes by its kustomization, and where no label is enough by itself they decide nothing."""
    body = {**external_secret(), "metadata": {"name": "db"}}
    write(Path(policies) / "external-secret.yaml", body)
    file = write(tmp_path / "pod.yaml", pod(mounted(), volumes=[volume()]))

    ran = run("inject", "-f", file, "--policy-dir", policies, "--namespace", "shop")

    assert (ran.code, ran.err) == (0, "")
