"""What Vault must hold for a move, and how it is written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from injector.config.load import parse_config
from injector.config.model import AuthMethod, Config
from injector.config.model import EngineRole as Decision
from injector.knowledge.engines import DATABASE_SYSTEMS
from injector.migration.model import (
    Auth,
    ContainerReads,
    Delivery,
    MovedCredential,
    Read,
    RenderedFile,
    SecretMigration,
    Stage,
    Workload,
)
from injector.model import ObjectRef
from injector.vault.build import build_vault_plan
from injector.vault.hcl import MARK, render_policy
from injector.vault.objects import Policy
from injector.vault.paths import read_rules, unclear_reads
from injector.vault.statements import build_statements
from injector.vault.terraform import render_terraform

_CONFIG = b"""
vault:
  auth: {method: jwt, audience: vault, boundIssuer: "https://a,https://b"}
engineRoles:
  - {namespace: shop, name: db, connection: shop-pg, owner: shop, ttl: 1h, maxTtl: 48h}
"""


def _migration(name: str = "db", account: str = "web", keys: tuple[str, ...] = ("password", "user")) -> SecretMigration:
    fields = {"password": "password", "user": "username"}
    return SecretMigration(
        namespace="shop",
        name=name,
        source=ObjectRef("ExternalSecret", "shop", name),
        secret=name,
        stage=Stage.PREPARE,
        auth=Auth(method=AuthMethod.JWT, mount="jwt"),
        credentials=(
            MovedCredential(name="db", keys=keys, engine="database/postgresql", path=f"database/creds/shop-{name}"),
        ),
        files=tuple(
            RenderedFile(
                key=key,
                template=f'{{{{ with secret "database/creds/shop-{name}" }}}}{{{{ .Data.{fields[key]} }}}}{{{{ end }}}}',
            )
            for key in keys
        ),
        workloads=(
            Workload(
                kind="Deployment",
                name="web",
                service_account=account,
                role=f"shop-{account}",
                containers=(
                    ContainerReads(name="app", reads=(Read(key="*", delivery=Delivery.FILE, path="/etc/db"),)),
                ),
            ),
        ),
    )


def _config(text: bytes = _CONFIG) -> Config:
    return parse_config(text)


def test_policy_allows_exactly_what_the_templates_read() -> None:
    plan = build_vault_plan([_migration()], _config())

    assert [one.rules for one in plan.policies] == [(("database/creds/shop-db", ("read",)),)]


def test_auth_role_is_bound_to_one_service_account() -> None:
    plan = build_vault_plan([_migration()], _config())

    role = plan.auth_roles[0].parameters

    assert role["bound_subject"] == "system:serviceaccount:shop:web"
    assert role["bound_audiences"] == ["vault"]
    assert role["bound_claims"] == {"iss": "https://a,https://b"}


def test_kubernetes_role_names_account_and_namespace() -> None:
    migration = replace(_migration(), auth=Auth(method=AuthMethod.KUBERNETES, mount="kubernetes"))

    role = build_vault_plan([migration], _config(b"")).auth_roles[0]

    assert role.path == "auth/kubernetes/role/shop-web"
    assert role.parameters["bound_service_account_names"] == ["web"]
    assert role.parameters["bound_service_account_namespaces"] == ["shop"]


def test_token_lives_as_long_as_the_longest_lease() -> None:
    plan = build_vault_plan([_migration()], _config())

    assert plan.auth_roles[0].token_max_ttl_s == 48 * 3600


def test_two_migrations_of_one_workload_share_its_role_and_policy() -> None:
    plan = build_vault_plan([_migration("db"), _migration("queue")], _config())

    assert len(plan.auth_roles) == 1
    assert [path for path, _ in plan.policies[0].rules] == ["database/creds/shop-db", "database/creds/shop-queue"]
    assert plan.policies[0].owner == ("shop/db", "shop/queue")


def test_workload_that_reads_one_key_gets_only_its_path() -> None:
    migration = _migration()
    files = (migration.files[0], RenderedFile(key="user", template='{{ with secret "secret/data/other" }}x{{ end }}'))
    reads = (Read(key="user", delivery=Delivery.FILE, path="/etc/user"),)
    workload = replace(migration.workloads[0], containers=(ContainerReads(name="app", reads=reads),))

    plan = build_vault_plan([replace(migration, files=files, workloads=(workload,))], _config())

    assert plan.policies[0].rules == (("secret/data/other", ("read",)),)


def test_undecided_grants_are_told_with_where_to_write_them() -> None:
    plan = build_vault_plan([_migration()], _config(b"vault: {auth: {method: jwt, audience: vault}}"))

    told = [f"{one.what}; {one.remedy}" for one in plan.undecided]

    assert told == [
        "db: what the login may do: give grants (or an owner) for it; write it in phase2.yaml under engineRoles, in an entry "
        "with namespace: shop and name: db",
        "db: which connection of the database engine it goes to: give connection; write it in phase2.yaml under engineRoles, "
        "in an entry with namespace: shop and name: db",
    ]


def test_owner_gives_the_set_role_form() -> None:
    made = build_statements("postgresql", Decision(owner="shop"))

    assert 'ALTER ROLE "{{name}}" SET ROLE "shop";' in made.creation
    assert 'REASSIGN OWNED BY "{{name}}" TO "shop";' in made.revocation[0]
    assert not made.missing


@pytest.mark.parametrize("system", DATABASE_SYSTEMS)
def test_every_database_has_a_form_and_asks_for_grants(system: str) -> None:
    undecided = build_statements(system, None)
    decided = build_statements(system, Decision(grants=("GRANT",)))

    assert undecided.missing.startswith("what the login may do")
    assert not decided.missing
    assert decided.creation[-1] == "GRANT"


@pytest.mark.parametrize(
    ("template", "rules"),
    [
        ('{{ with secret "a/b" }}{{ end }}', (("a/b", ("read",)),)),
        ('{{ with secret "a/b?version=3" }}{{ end }}', (("a/b", ("read",)),)),
        ("{{ with secret `a/b` }}{{ end }}", (("a/b", ("read",)),)),
        ('{{ with secret "pki/issue/x" "common_name=a" }}{{ end }}', (("pki/issue/x", ("update",)),)),
        ('{{ with pkiCert "pki/issue/x" "common_name=a" }}{{ end }}', (("pki/issue/x", ("update",)),)),
        ('{{ range secrets "secret/metadata/" }}{{ end }}', (("secret/metadata", ("list",)),)),
        ('{{ with secret "a\\"b" }}{{ end }}', (('a"b', ("read",)),)),
        ("no secret", ()),
    ],
)
def test_paths_of_a_template(template: str, rules: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    assert read_rules([template]) == rules


def test_policy_text_starts_with_who_made_it() -> None:
    text = render_policy(Policy(name="p", rules=(("a/*", ("read", "list")),), owner=("shop/db",)))

    assert text.startswith(f"{MARK}shop/db\n")
    assert 'path "a/*" {\n  capabilities = ["read", "list"]\n}' in text


def test_terraform_interpolates_nothing() -> None:
    config = _config(b"engineRoles: [{connection: 'a${b}%{c}', owner: shop}]")

    text = render_terraform(build_vault_plan([_migration()], config))

    assert json.dumps("a$${b}%%{c}") in text


def test_output_is_the_same_in_any_order() -> None:
    one, two = _migration("a", "x"), _migration("b", "y")

    assert build_vault_plan([one, two], _config()) == build_vault_plan([two, one], _config())


def test_plain_form_gives_grants_and_takes_all_back_also_when_the_login_is_gone() -> None:
    made = build_statements("postgresql", Decision(grants=('GRANT a TO "{{name}}";',)))

    assert made.creation[-1] == 'GRANT a TO "{{name}}";'
    assert "IF EXISTS" in made.revocation[0]
    assert "REASSIGN" not in made.revocation[0]


@pytest.mark.parametrize(
    ("grant", "revocation"),
    [
        ('{"db": "shop", "roles": [{"role": "readWrite"}]}', ('{"db": "shop"}',)),
        ('{"db": "admin", "roles": []}', ()),
        ('{"roles": []}', ()),
        ("no json", ()),
        ("[]", ()),
    ],
)
def test_user_of_mongodb_is_dropped_where_it_was_made(grant: str, revocation: tuple[str, ...]) -> None:
    assert build_statements("mongodb", Decision(grants=(grant,))).revocation == revocation


def test_revocation_of_ones_own_wins() -> None:
    assert build_statements("mysql", Decision(grants=("G",), revocation=("R",))).revocation == ("R",)


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ('{{ with secret "a/b*" }}x{{ end }}', "a policy for a/b* would allow other paths too"),
        ('{{ with secret "a/+/b" }}x{{ end }}', "a policy for a/+/b would allow other paths too"),
        ('{{ with secret (printf "a/%s" "b") }}x{{ end }}', 'with secret (printf "a/%s" "b") }} computes its path'),
        ("{{- with $s := secret $path }}x{{ end }}", "with $s := secret $path }} computes its path"),
    ],
)
def test_read_that_no_policy_can_be_exact_for_is_a_question(template: str, told: str) -> None:
    migration = replace(_migration(), files=(RenderedFile(key="password", template=template),))

    undecided = build_vault_plan([migration], _config()).undecided

    assert len(undecided) == 1
    assert told in undecided[0].what


def test_plain_reads_are_no_question() -> None:
    template = '{{ with  secret   "a+b/c" }}{{ with $s := secret `a*/c` "x=y" }}{{ end }}{{ end }}'

    assert unclear_reads([template]) == ()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ('authRole: "{serviceAccount}"', "the auth role web would be for blog/web and shop/web"),
        ('policy: "{serviceAccount}"', "the policy web would be for blog/web and shop/web"),
    ],
)
def test_name_that_two_accounts_would_share_is_a_question_for_both(names: str, told: str) -> None:
    config = _config(
        f"vault: {{auth: {{method: jwt, audience: v}}, names: {{{names}}}}}\nengineRoles: [{{connection: pg, owner: o}}]".encode()
    )
    one = _migration()
    is_role = "authRole" in names
    first = replace(one, workloads=(replace(one.workloads[0], role="web" if is_role else "shop-web"),))
    other = replace(
        first, namespace="blog", workloads=(replace(one.workloads[0], role="web" if is_role else "blog-web"),)
    )

    plan = build_vault_plan([first, other], config)

    assert {str(question.migration) for question in plan.undecided if question.what == told} == {
        "SecretMigration/blog/db",
        "SecretMigration/shop/db",
    }
    assert len({role.path for role in plan.auth_roles}) == len(plan.auth_roles)
    assert len({policy.name for policy in plan.policies}) == len(plan.policies)


def test_role_that_would_be_two_things_is_a_question() -> None:
    config = _config(
        b"vault: {auth: {method: jwt, audience: v}}\n"
        b"engineRoles: [{name: db, connection: pg, owner: a}, {name: queue, connection: pg, owner: b}]"
    )
    one, two = _migration("db"), _migration("queue")
    same = replace(two, credentials=(replace(two.credentials[0], path=one.credentials[0].path),))

    undecided = build_vault_plan([one, same], config).undecided

    assert [question.what for question in undecided] == [
        "db: the role database/roles/shop-db would have to be two things at once"
    ]


def test_jwt_without_an_audience_is_a_question_since_its_logins_would_be_refused() -> None:
    config = _config(b"engineRoles: [{connection: pg, owner: a}]")

    undecided = build_vault_plan([_migration()], config).undecided

    assert [(question.what, question.remedy) for question in undecided] == [
        ("what tokens are made for: a JWT login is refused without it", "write vault.auth.audience in phase2.yaml")
    ]


def test_plan_of_some_migrations_keeps_shared_policies_whole() -> None:
    plan = build_vault_plan([_migration("db"), _migration("queue"), _migration("jobs", "worker")], _config())

    some = plan.only(["shop/queue"])

    assert [one.path for one in some.engine_roles] == ["database/roles/shop-db", "database/roles/shop-queue"]
    assert [one.name for one in some.auth_roles] == ["shop-web"]
    assert some.policies[0].owner == ("shop/db", "shop/queue")


def test_role_that_nobody_reads_is_not_made() -> None:
    migration = replace(_migration(), files=(RenderedFile(key="password", template="x"),))

    assert build_vault_plan([migration], _config()).engine_roles == ()


def test_terraform_writes_issuers_with_commas_by_the_plain_path() -> None:
    """The role's resource would split them."""
    one = render_terraform(build_vault_plan([_migration()], _config()))
    other = render_terraform(build_vault_plan([_migration()], _config(_CONFIG.replace(b",https://b", b""))))

    assert "vault_generic_endpoint" in one
    assert "vault_jwt_auth_backend_role" not in one
    assert "vault_jwt_auth_backend_role" in other


def test_roles_of_other_engines_take_parameters_and_the_engines_own_times() -> None:
    migration = replace(
        _migration(),
        credentials=(MovedCredential(name="mq", keys=("password",), engine="consul", path="team/consul/creds/shop"),),
        files=(RenderedFile(key="password", template='{{ with secret "team/consul/creds/shop" }}x{{ end }}'),),
    )
    auth = b"vault: {auth: {method: jwt, audience: v}}\n"
    given = b'engineRoles: [{engine: consul, ttl: 5m, parameters: {consul_policies: "b,a", max_ttl: "60"}}]'

    plan = build_vault_plan([migration], _config(auth + given))
    open_plan = build_vault_plan([migration], _config(auth))

    assert plan.engine_roles[0].path == "team/consul/roles/shop"
    assert plan.engine_roles[0].parameters == {"consul_policies": ["b", "a"], "max_ttl": 60, "ttl": 300}
    assert not plan.undecided
    assert "what the role of consul may do: give parameters for it" in open_plan.undecided[0].what


def test_path_that_no_role_issues_at_is_a_question() -> None:
    one = _migration()
    static = replace(one, credentials=(replace(one.credentials[0], path="database/static-creds/x"),))

    undecided = build_vault_plan([static], _config()).undecided

    assert [question.what for question in undecided] == [
        "db: which role of database/postgresql the path database/static-creds/x belongs to"
    ]


def test_kubernetes_login_is_written_with_its_own_terraform_resource() -> None:
    migration = replace(_migration(), auth=Auth(method=AuthMethod.KUBERNETES, mount="kubernetes"))

    assert 'resource "vault_kubernetes_auth_backend_role"' in render_terraform(
        build_vault_plan([migration], _config(b""))
    )
