"""What a plan proposes, what it asks, and what it keeps back."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.migration.model import Delivery, Mode, Read, RotationAction
from injector.migration.write import write_migration
from injector.plan.model import Plan
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, EXTERNAL_SECRET, STORE, VARIABLES, VOLUME, deployment, plan_of, shop

DATA = "    - secretKey: PGUSER\n      remoteRef: {key: shop/db, property: user}\n"
READS_DSN = (
    "        env:\n        - name: DATABASE_URL\n          valueFrom: {secretKeyRef: {name: db, key: DATABASE_URL}}\n"
)


def planned(root: Path, **changed: str) -> Plan:
    return plan_of(grow(root, shop(**changed)))[0]


def why(plan: Plan) -> list[str]:
    return [one.why for one in plan.blocked]


def reads(plan: Plan) -> list[Read]:
    (proposal,) = plan.proposals
    return [read for one in proposal.migration.workloads for container in one.containers for read in container.reads]


def test_user_and_password_come_from_the_engine_together(tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path).proposals

    templates = {one.key: one.template for one in proposal.migration.files}
    assert proposal.migration.credentials[0].keys == ("PGPASSWORD", "PGUSER")
    assert '{{- with $s1 := secret "database/creds/shop-db" }}{{ $s1.Data.username }}' in templates["PGUSER"]
    assert '{{- with $s1 := secret "database/creds/shop-db" }}{{ $s1.Data.password }}' in templates["PGPASSWORD"]


def test_a_password_whose_user_name_stands_elsewhere_is_blocked(tmp_path: Path) -> None:
    plan = planned(tmp_path, db__yaml=EXTERNAL_SECRET.replace(DATA, ""))

    assert plan.proposals == ()
    assert why(plan) == [
        "only its password comes from this Secret, and the user name changes with each login; put the user name into the Secret "
        "and let the app read it from there"
    ]


@pytest.mark.parametrize(
    ("kind", "head", "told"),
    [
        pytest.param(
            "ExternalSecret",
            "",
            "the tree does not say its namespace; write it under metadata, or into the kustomization that deploys it",
            id="a manifest without a namespace",
        ),
        pytest.param(
            "ClusterExternalSecret",
            "namespaceSelectors: [{matchLabels: {team: shop}}], externalSecretName: db, externalSecretSpec: ",
            "the tree does not say in which namespaces it makes its Secret; name them under namespaces, or by the label "
            "kubernetes.io/metadata.name",
            id="a selector of namespaces by other labels",
        ),
    ],
)
def test_what_has_no_namespace_is_blocked_since_no_pod_could_log_in(
    kind: str, head: str, told: str, tmp_path: Path
) -> None:
    spec = (
        "{secretStoreRef: {kind: ClusterSecretStore, name: vault}, target: {name: db}, data: [{secretKey: PGUSER, "
        "remoteRef: {key: shop/db, property: user}}, {secretKey: PGPASSWORD, remoteRef: {key: shop/db, property: password}}]}"
    )
    source = f"apiVersion: external-secrets.io/v1\nkind: {kind}\nmetadata: {{name: db}}\nspec: "
    source += f"{{{head}{spec}}}\n" if head else f"{spec}\n"
    files = {"phase2.yaml": CONFIG, "store.yaml": STORE, "db.yaml": source, "web.yaml": deployment()}

    plan = plan_of(grow(tmp_path, files))[0]

    assert plan.proposals == ()
    assert why(plan) == [told]
    assert plan.undecided == ()


def test_the_user_name_with_the_nearest_name_goes_with_a_password(tmp_path: Path) -> None:
    more = f"{EXTERNAL_SECRET}    - secretKey: ADMIN_USER\n      remoteRef: {{key: shop/admin, property: user}}\n"
    (proposal,) = planned(tmp_path, db__yaml=more).proposals

    assert "PGUSER" in proposal.migration.credentials[0].keys
    assert "secret/data/shop/admin" in {one.key: one.template for one in proposal.migration.files}["ADMIN_USER"]


def test_a_connection_string_keeps_all_but_its_login(tmp_path: Path) -> None:
    source = EXTERNAL_SECRET[: EXTERNAL_SECRET.index("    - secretKey")]
    source += "    - secretKey: DATABASE_URL\n      remoteRef: {key: shop/db, property: url}\n"
    config = f"{CONFIG}apps:\n  - {{image: shop, is: client, system: postgresql}}\n"
    (proposal,) = planned(
        tmp_path, db__yaml=source, web__yaml=deployment(reads=READS_DSN), phase2__yaml=config
    ).proposals

    (file,) = proposal.migration.files
    assert "secret/data/shop/db" in file.template
    assert "database/creds/shop-db" in file.template
    assert "${" not in file.template, "Flux would put nothing in its place"


@pytest.mark.parametrize(
    ("form", "delivery", "path"),
    [
        (VARIABLES, Delivery.ENV_WRAPPED, "/vault/secrets/db/PGUSER"),
        (VOLUME, Delivery.FILE, "/etc/login"),
    ],
)
def test_how_a_reader_reads_decides_the_delivery(form: str, delivery: Delivery, path: str, tmp_path: Path) -> None:
    first = reads(planned(tmp_path, web__yaml=deployment(reads=form)))[0]

    assert (first.delivery, first.path) == (delivery, path)


def test_an_app_with_variables_for_files_gets_these(tmp_path: Path) -> None:
    config = f"{CONFIG}apps:\n  - {{image: shop, fileSuffix: _FILE}}\n"
    plan = planned(tmp_path, phase2__yaml=config)

    assert [(one.delivery, one.file_env) for one in reads(plan)] == [
        (Delivery.ENV_FILE, "PGUSER_FILE"),
        (Delivery.ENV_FILE, "PGPASSWORD_FILE"),
    ]
    assert plan.proposals[0].changes[0].what == "set PGUSER_FILE to /vault/secrets/db/PGUSER in place of PGUSER"


def test_a_job_is_rendered_once_and_never_rotates(tmp_path: Path) -> None:
    job = deployment().replace("apps/v1", "batch/v1").replace("kind: Deployment", "kind: Job")
    (proposal,) = planned(tmp_path, web__yaml=job).proposals

    (workload,) = proposal.migration.workloads
    assert (workload.mode, workload.rotation.action) == (Mode.INIT, RotationAction.NONE)
    assert proposal.comments["spec.workloads[0].mode"][0].startswith("Rendered once, before it starts")


@pytest.mark.parametrize("kind", ["Job", "CronJob", "Deployment"])
def test_only_of_a_job_a_reviewer_is_told_that_its_template_stands(kind: str, tmp_path: Path) -> None:
    manifest = deployment().replace("kind: Deployment", f"kind: {kind}")
    if kind != "Deployment":
        manifest = manifest.replace("apps/v1", "batch/v1")
    if kind == "CronJob":
        head, template = manifest.split("  template:\n")
        indented = "".join(f"    {line}\n" for line in f"  template:\n{template}".splitlines())
        manifest = f"{head}  schedule: 0 3 * * *\n  jobTemplate:\n    spec:\n{indented}"
    (proposal,) = planned(tmp_path, web__yaml=manifest).proposals

    told = " ".join(proposal.comments.get("spec.workloads[0]", ()))
    written = write_migration(proposal.migration, proposal.comments)

    assert proposal.migration.workloads[0].kind == kind
    assert ("spec.template cannot be changed" in told) is (kind == "Job")
    assert ("kustomize.toolkit.fluxcd.io/force: enabled" in written) is (kind == "Job")
    assert ("Replace=true,Force=true" in written) is (kind == "Job")


def test_an_init_container_that_reads_makes_the_agent_first(tmp_path: Path) -> None:
    manifest = deployment().replace(
        "      containers:\n",
        f"      initContainers:\n      - name: migrate\n        image: x\n        command: [/m]\n{VARIABLES}      containers:\n",
    )
    (proposal,) = planned(tmp_path, web__yaml=manifest).proposals

    assert proposal.migration.workloads[0].init_first
    assert [one.is_init for one in proposal.migration.workloads[0].containers] == [False, True]


def test_the_agent_runs_as_the_pod_says_and_nothing_is_guessed(tmp_path: Path) -> None:
    context = "        securityContext: {runAsUser: 7, runAsGroup: 8}\n"
    one = planned(tmp_path / "set", web__yaml=deployment(reads=context + VARIABLES)).proposals[0].migration.workloads[0]
    other = planned(tmp_path / "unset").proposals[0].migration.workloads[0]

    assert (one.run_as_user, one.run_as_group) == (7, 8)
    assert (other.run_as_user, other.run_as_group) == (None, None)


@pytest.mark.parametrize(("ttl", "told"), [("", "24 h"), ("    maxTtl: 8h\n", "8 h"), ("    maxTtl: 90m\n", "5400 s")])
def test_a_reviewer_is_told_how_long_a_login_lasts(ttl: str, told: str, tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, phase2__yaml=CONFIG + ttl).proposals

    assert f"This one is renewed for {told}" in proposal.comments["spec.workloads[0].rotation"][0]


def test_a_known_app_is_ended_by_the_agent_that_runs_as_it(tmp_path: Path) -> None:
    manifest = deployment(reads=f"        securityContext: {{runAsUser: 472}}\n{VARIABLES}")
    (proposal,) = planned(tmp_path, web__yaml=manifest.replace("ghcr.io/acme/shop:1", "grafana/grafana:11")).proposals

    rotation = proposal.migration.workloads[0].rotation
    assert (rotation.action, rotation.signal, rotation.process) == (RotationAction.RESTART, "TERM", "grafana")


def test_what_is_asked_names_the_manifest_and_the_place_to_answer(tmp_path: Path) -> None:
    plan = planned(tmp_path, phase2__yaml=CONFIG.split("engineRoles")[0])

    assert {str(one.location) for one in plan.undecided} == {"db.yaml:1"}
    assert all("phase2.yaml under engineRoles" in one.remedy for one in plan.undecided)


def test_a_template_without_an_equivalent_holds_up_no_other_login_of_the_secret(tmp_path: Path) -> None:
    more = (
        "    template:\n      data:\n        PGUSER: '{{ .PGUSER }}'\n        PGPASSWORD: '{{ .PGPASSWORD }}'\n"
        "        AWS_ACCESS_KEY_ID: '{{ .AWS_ACCESS_KEY_ID | bcrypt }}'\n        AWS_SECRET_ACCESS_KEY: '{{ .AWS_SECRET_ACCESS_KEY }}'\n"
    )
    source = EXTERNAL_SECRET.replace("  data:\n", f"{more}  data:\n", 1)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        source += f"    - secretKey: {name}\n      remoteRef: {{key: shop/aws, property: {name}}}\n"
    every = "        env:\n        - {name: PGHOST, value: db}\n        envFrom:\n        - secretRef: {name: db}\n"

    plan = planned(tmp_path, db__yaml=source, web__yaml=deployment(reads=every))

    assert [one.migration.credentials[0].engine for one in plan.proposals] == ["database/postgresql"]
    assert [(one.keys, one.why.partition(":")[0]) for one in plan.blocked] == [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "function bcrypt")
    ]
