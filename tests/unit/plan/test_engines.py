"""What is planned of each secrets engine, and the table of docs/vault.md that says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from injector.config.load import parse_config
from injector.knowledge.engines import ASKED, DATABASE_SYSTEMS, ENGINES
from injector.plan.model import Plan
from injector.plan.parts import FIELDS, UNFIT
from injector.vault.engines import FORMS
from injector.vault.paths import read_rules
from tests.unit.plan.issuing import planned

PAGE = Path(__file__).parents[3] / "docs" / "vault.md"

EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "aws": {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"},
    "azure": {"AZURE_CLIENT_ID": "id", "AZURE_CLIENT_SECRET": "secret"},
    "consul": {"CONSUL_HTTP_TOKEN": "token"},
    "database": {"PGUSER": "user", "PGPASSWORD": "password"},
    "gcp": {"GCP_SERVICE_ACCOUNT_JSON": "json"},
    "kubernetes": {"KUBERNETES_TOKEN": "token"},
    "ldap": {"LDAP_BIND_DN": "dn", "LDAP_BIND_PASSWORD": "password"},
    "nomad": {"NOMAD_TOKEN": "token"},
    "pki": {"ca.crt": "ca", "tls.crt": "crt", "tls.key": "key"},
    "rabbitmq": {"RABBITMQ_USER": "user", "RABBITMQ_PASSWORD": "password"},
    "ssh": {"SSH_PRIVATE_KEY": "key"},
    "terraform": {"TFE_TOKEN": "token"},
}
"""Engine -> the keys of a Secret that it can issue, and the properties in KV that they come from now."""
REQUESTS = {"pki": "{common_name: web.shop.svc}", "kubernetes": "{kubernetes_namespace: shop}"}


def templates_of(plan: Plan) -> dict[str, str]:
    """Key -> template of the one proposal."""
    (proposal,) = plan.proposals
    return {one.key: one.template for one in proposal.migration.files}


def fields_of(plan: Plan) -> set[str]:
    """The fields of the issued credential that the templates take."""
    texts = "".join(templates_of(plan).values())
    plain = set(re.findall(r"\$s\d+\.Data\.(\w+)", texts))
    return plain | set(re.findall(r'\(sprig_list \$s\d+\.Data "([^"]+)"\)', texts))


def rows() -> dict[str, tuple[str, str, str]]:
    """The table of the page: engine -> (path, fields, request)."""
    text = PAGE.read_text(encoding="utf-8").partition("## Engines\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    return {cell[0].strip("`"): (cell[1], cell[2], cell[3]) for cell in cells}


def words_in(cell: str) -> set[str]:
    """What stands in backquotes."""
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_engine_is_in_the_table_and_has_an_example() -> None:
    engines = {one.partition("/")[0] for one in ENGINES}

    assert set(rows()) == engines
    assert set(EXAMPLES) == engines
    assert set(FIELDS) | set(UNFIT) == engines
    assert set(FIELDS).isdisjoint(UNFIT)


def test_engines_that_take_a_request_are_those_that_must_be_asked() -> None:
    assert {engine for engine, form in FORMS.items() if form.asks} == set(ASKED)


@pytest.mark.parametrize("engine", sorted(set(EXAMPLES) - set(UNFIT)))
def test_engine_is_planned_as_the_table_says(engine: str, tmp_path: Path) -> None:
    system = f"{engine}/postgresql" if engine == "database" else engine
    role = f"request: {REQUESTS[engine]}" if engine in REQUESTS else "parameters: {a: b}"
    plan = planned(tmp_path, system, EXAMPLES[engine], role=role)
    path, fields, request = rows()[engine]

    (proposal,) = plan.proposals
    (credential,) = proposal.migration.credentials

    assert not plan.blocked
    assert credential.path == f"{engine}/{words_in(path).pop().replace('<role>', 'shop-db')}"
    assert fields_of(plan) == words_in(fields)
    assert set(FORMS[engine].asks) == words_in(request)


@pytest.mark.parametrize("engine", sorted(UNFIT))
def test_engine_that_is_not_planned_says_why(engine: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, engine, EXAMPLES[engine])

    assert plan.proposals == ()
    assert [one.why for one in plan.blocked] == [f"engine {engine}: {UNFIT[engine]}"]
    assert "stays" in rows()[engine][1]


@pytest.mark.parametrize("system", DATABASE_SYSTEMS)
def test_every_database_is_planned_alike(system: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, f"database/{system}", EXAMPLES["database"])

    assert fields_of(plan) == {"username", "password"}
    assert f"`{system}`" in PAGE.read_text(encoding="utf-8")


# -- engines that are asked by a write ----------------------------------------------------------------


def test_certificate_key_and_authority_come_of_one_request(tmp_path: Path) -> None:
    role = "{parameters: {allowed_domains: svc}, request: {common_name: web.shop.svc, ttl: 72h}}"
    plan = planned(tmp_path, "pki", EXAMPLES["pki"], role=role)

    call = 'secret "pki/issue/shop-db" "common_name=web.shop.svc" "ttl=72h"'
    assert {key: text.count(call) for key, text in templates_of(plan).items()} == dict.fromkeys(EXAMPLES["pki"], 1)
    assert [key for key, text in templates_of(plan).items() if 'range (index $s1.Data "ca_chain")' in text] == [
        "ca.crt",
        "tls.crt",
    ]
    assert plan.undecided == ()
    assert plan.vault.policies[0].rules == (("pki/issue/shop-db", ("update",)),)
    assert plan.vault.engine_roles[0].path == "pki/roles/shop-db"


@pytest.mark.parametrize("engine", ASKED)
def test_what_only_a_person_can_say_of_a_request_is_asked(engine: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, engine, EXAMPLES[engine])

    (name, what) = next(iter(FORMS[engine].asks.items()))
    (question,) = plan.undecided
    assert question.what == f"{engine}: {what}: give {name} in request"
    assert "phase2.yaml under engineRoles, in an entry with namespace: shop and name: db" in question.remedy


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("{request: {common_name: a.example}, maxTtl: 48h}", "1 h"),
        ("{request: {common_name: a.example}, ttl: 8h}", "8 h"),
        ("{request: {common_name: a.example, ttl: 72h}, ttl: 8h}", "72 h"),
    ],
)
def test_certificate_lasts_as_long_as_it_is_asked_for(role: str, told: str, tmp_path: Path) -> None:
    """Nothing renews it, so the role's longest time says nothing."""
    (proposal,) = planned(tmp_path, "pki", EXAMPLES["pki"], role=role).proposals

    assert f"for {told}: restart the app" in proposal.comments["spec.workloads[0].rotation"][0]


def test_operators_own_template_of_a_bundle_takes_certificate_and_key(tmp_path: Path) -> None:
    template = {"SERVER_PEM": "{{ .crt }}{{ .key }}"}
    role = f"request: {REQUESTS['pki']}"
    plan = planned(tmp_path, "pki", {"crt": "crt", "key": "key"}, role=role, template=template)

    assert fields_of(plan) == {"certificate", "private_key"}


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"tls.crt": "crt", "ca.crt": "ca"}, "engine pki: certificate and key change together"),
        ({"tls.crt": "crt", "tls.key": "key", "keystore.p12": "p12"}, "key keystore.p12: is none of certificate, key"),
        ({"tls.crt": "crt", "tls.key": "key", "ca.key": "cakey"}, "key ca.key: is none of certificate, key"),
    ],
)
def test_certificate_that_cannot_be_had_whole_is_blocked(keys: Mapping[str, str], why: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, "pki", keys, role=f"request: {REQUESTS['pki']}")

    assert plan.proposals == ()
    assert [one.why.startswith(why) for one in plan.blocked] == [True]


# -- what single engines have of their own ------------------------------------------------------------


def test_temporary_keys_of_aws_without_a_session_token_are_blocked(tmp_path: Path) -> None:
    keys = {key: prop for key, prop in EXAMPLES["aws"].items() if "SESSION" not in key}
    temporary = "parameters: {credential_type: assumed_role, role_arns: 'arn:aws:iam::1:role/a'}"

    sts = planned(tmp_path / "sts", "aws", keys, role=temporary)
    user = planned(tmp_path / "user", "aws", keys, role="parameters: {credential_type: iam_user}")

    assert sts.proposals == ()
    assert [one.why.partition(",")[0] for one in sts.blocked] == ["engine aws: its role issues credentials of STS"]
    assert fields_of(user) == {"access_key", "secret_key"}


def test_bind_by_a_mere_user_name_takes_the_user_name(tmp_path: Path) -> None:
    plan = planned(tmp_path, "ldap", {"LDAP_USER": "user", "LDAP_PASSWORD": "password"})

    assert fields_of(plan) == {"username", "password"}


def test_token_in_a_configuration_file_is_found(tmp_path: Path) -> None:
    template = {"CONSUL_TOKEN": '{"token": "{{ .token }}"}'}
    plan = planned(tmp_path, "consul", {"token": "token"}, template=template)

    assert fields_of(plan) == {"token"}
    assert '{"token": "' in templates_of(plan)["CONSUL_TOKEN"]


def test_policy_of_a_request_allows_a_write_of_its_path_only() -> None:
    template = '{{ with secret "kubernetes/creds/a" "kubernetes_namespace=shop" }}{{ end }}'

    assert read_rules([template]) == (("kubernetes/creds/a", ("update",)),)


def test_request_is_read_from_the_configuration() -> None:
    config = parse_config(b"engineRoles: [{engine: pki, request: {common_name: a.example, alt_names: 'b,c'}}]")

    found = config.find_engine_role("shop", ["db"], "pki")

    assert found is not None
    assert found.request == {"common_name": "a.example", "alt_names": "b,c"}
