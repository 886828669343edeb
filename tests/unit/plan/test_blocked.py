"""What a plan keeps back, in which words, and what it still proposes beside it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.plan.test_build import READS_DSN, planned, why
from tests.unit.stages.moving import EXTERNAL_SECRET, KUSTOMIZATION, VARIABLES, deployment

TWO_USERS = "    - secretKey: PGADMIN_USER\n      remoteRef: {key: shop/db, property: admin}\n"


def templated(data: str) -> str:
    """The ExternalSecret with a template."""
    return EXTERNAL_SECRET.replace("  data:\n", f"    template: {{data: {data}}}\n  data:\n", 1)


def test_what_nobody_reads_is_told_at_once(tmp_path: Path) -> None:
    plan = planned(tmp_path, web__yaml="# nothing\n")

    assert plan.proposals == ()
    assert why(plan) == [
        "nobody in the tree reads it, so that there are no pods to inject; add its reader to the tree, or remove it where nobody "
        "needs it"
    ]
    assert plan.blocked[0].keys == ("PGPASSWORD", "PGUSER")


def test_who_cannot_move_is_told_in_the_words_of_his_verdict(tmp_path: Path) -> None:
    """A custom resource needs the Secret object; the Deployment beside it moves all the same."""
    resource = (
        "---\napiVersion: keycloak.org/v2\nkind: Keycloak\nmetadata: {name: sso}\nspec: {db: {passwordSecret: {name: db, key: "
        "PGPASSWORD}, usernameSecret: {name: db, key: PGUSER}}}\n"
    )
    plan = planned(tmp_path, web__yaml=f"{deployment()}{resource}")

    (proposal,) = plan.proposals
    assert [one.name for one in proposal.migration.workloads] == ["web"]
    words = (
        {one.obstacles[0] for c in proposal.item.credentials for one in c.consumers if one.obstacles[:1]}
        if proposal.item
        else set()
    )
    told = [one for one in why(plan) if one.startswith("Keycloak/shop/sso: ")]
    assert told
    assert {one.removeprefix("Keycloak/shop/sso: ") for one in told} <= words


def test_a_password_in_a_template_is_not_carried_into_a_migration(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        db__yaml=templated("{DATABASE_URL: 'postgres://{{ .PGUSER }}:{{ .PGPASSWORD }}@db/app?token=aX9kQ2vv7'}"),
        web__yaml=deployment(reads=READS_DSN),
    )

    assert plan.proposals == ()
    assert "literal secret: stands in the template itself; move it to Vault first" in why(plan)


def test_a_function_without_an_equivalent_is_named(tmp_path: Path) -> None:
    plan = planned(
        tmp_path, db__yaml=templated('{PGUSER: "{{ .PGUSER }}", PGPASSWORD: "{{ .PGPASSWORD | fromYaml2 }}"}')
    )

    assert plan.proposals == ()
    assert any("fromYaml2" in one for one in why(plan))


def test_configuration_that_cannot_be_rendered_stays_with_the_secret(tmp_path: Path) -> None:
    data = '{PGUSER: "{{ .PGUSER }}", PGPASSWORD: "{{ .PGPASSWORD }}", PGHOST: "{{ .host | nosuch }}"}'
    source = f"{templated(data)}    - secretKey: host\n      remoteRef: {{key: shop/db, property: host}}\n"

    plan = planned(tmp_path, db__yaml=source)

    assert [one.keys for one in plan.blocked] == [("PGHOST",)]
    assert [one.migration.keys for one in plan.proposals] == [("PGPASSWORD", "PGUSER")]
    assert not plan.proposals[0].is_whole


def test_keys_that_only_the_operator_knows_do_not_move(tmp_path: Path) -> None:
    source = f"{EXTERNAL_SECRET.partition('  data:')[0]}  dataFrom:\n    - extract: {{key: shop/db}}\n"
    reads = "        envFrom: [{secretRef: {name: db}}]\n        env: [{name: PGHOST, value: x}]\n"

    plan = planned(tmp_path, db__yaml=source, web__yaml=deployment(reads=reads))

    assert plan.proposals == ()
    assert why(plan) == ["key *: its value is known only to the operator; name it under data"]


def test_a_chart_whose_account_nobody_knows_is_asked_about(tmp_path: Path) -> None:
    release = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop}
spec:
  chart: {spec: {chart: unheard-of}}
  values:
    command: [/app]
    env:
    - {name: PGHOST, value: db}
    - {name: PGUSER, valueFrom: {secretKeyRef: {name: db, key: PGUSER}}}
    - {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}}
"""
    plan = planned(tmp_path, web__yaml=release)

    told = [*why(plan), *(one.what for one in plan.undecided)]
    assert told
    assert all("HelmRelease" in one for one in told)


def test_several_users_that_fit_alike_are_not_guessed_among(tmp_path: Path) -> None:
    source = EXTERNAL_SECRET.replace("PGUSER", "A_USER").replace("PGPASSWORD", "PASSWORD") + TWO_USERS.replace(
        "PGADMIN", "B"
    )
    reads = VARIABLES.replace("key: PGUSER", "key: A_USER").replace("key: PGPASSWORD", "key: PASSWORD")

    plan = planned(tmp_path, db__yaml=source, web__yaml=deployment(reads=reads))

    assert plan.proposals == ()
    assert why(plan) == ["each of A_USER, B_USER could be its user name; give the login an ExternalSecret of its own"]


def test_a_manifest_that_no_kustomization_lists_is_not_planned_for(tmp_path: Path) -> None:
    plan = planned(tmp_path, kustomization__yaml=KUSTOMIZATION.replace("  - db.yaml\n", ""))

    assert plan.proposals == ()
