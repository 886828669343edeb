"""What would change in a Vault, and the change itself."""

from __future__ import annotations

import pytest

from injector.config.model import AuthMethod
from injector.errors import VaultError
from injector.vault.hcl import render_policy
from injector.vault.live import Action, carry_out, compare, compare_destruction
from injector.vault.objects import AuthRole, EngineRole, Policy, VaultPlan
from tests.unit.vault.fake import FakeVault

POLICY = "sys/policies/acl/shop-web"
AUTH = "auth/jwt/role/shop-web"
ENGINE = "database/roles/shop-db"


def _plan(
    owner: tuple[str, ...] = ("shop/db",), engines: tuple[str, ...] = ("shop-db",), account: str = "web"
) -> VaultPlan:
    name = f"shop-{account}"
    auth = AuthRole(
        mount="jwt",
        method=AuthMethod.JWT,
        name=name,
        namespace="shop",
        service_account=account,
        policies=(name,),
        audience="vault",
    )
    roles = tuple(
        EngineRole(
            mount="database",
            engine="database/postgresql",
            name=engine,
            parameters={"db_name": "pg", "creation_statements": ["A", "B"], "default_ttl": 3600},
        )
        for engine in engines
    )
    policy = Policy(
        name=name,
        rules=tuple((f"database/creds/{engine}", ("read",)) for engine in engines),
        owner=owner,
        belongings=tuple(sorted([auth.path, *(one.path for one in roles)])),
    )
    return VaultPlan(policies=(policy,), auth_roles=(auth,), engine_roles=roles)


def _applied(vault: FakeVault, plan: VaultPlan) -> None:
    list(carry_out(vault, compare(vault, plan)))
    vault.log.clear()


def test_empty_vault_gets_the_policy_first_and_the_door_last() -> None:
    vault = FakeVault()

    _ = list(carry_out(vault, compare(vault, _plan())))

    assert vault.changed() == [("write", POLICY), ("write", ENGINE), ("write", AUTH)]


def test_second_run_writes_nothing() -> None:
    vault = FakeVault()
    _applied(vault, _plan())

    changes = compare(vault, _plan())
    done = list(carry_out(vault, changes))

    assert [one.action for one in changes.steps] == [Action.UNCHANGED] * 3
    assert done == []
    assert vault.changed() == []


def test_only_what_differs_is_written_and_shown() -> None:
    vault = FakeVault()
    _applied(vault, _plan())
    vault.held[ENGINE]["default_ttl"] = 60

    pending = compare(vault, _plan()).pending

    assert [one.path for one in pending] == [ENGINE]
    assert pending[0].before["default_ttl"] == 60
    assert pending[0].after["default_ttl"] == 3600


def test_field_that_lets_more_people_in_is_put_back() -> None:
    vault = FakeVault()
    _applied(vault, _plan())
    vault.held[AUTH] |= {"bound_claims_type": "glob", "token_bound_cidrs": None}

    pending = compare(vault, _plan()).pending

    assert [one.path for one in pending] == [AUTH]
    assert pending[0].after["bound_claims_type"] == "string"
    assert "token_bound_cidrs" not in pending[0].after


@pytest.mark.parametrize("path", [POLICY, AUTH, ENGINE])
def test_foreign_object_is_refused_and_nothing_at_all_is_written(path: str) -> None:
    vault = FakeVault({path: {"policy": "theirs", "db_name": "theirs"}})

    changes = compare(vault, _plan())
    done = list(carry_out(vault, changes))

    assert [one.path for one in changes.refused] == [path]
    assert "was not made by phase2" in changes.refused[0].why
    assert "--adopt" in changes.refused[0].why
    assert done == []
    assert vault.changed() == []


@pytest.mark.parametrize("path", [POLICY, AUTH, ENGINE])
def test_foreign_object_is_taken_over_when_asked_for(path: str) -> None:
    vault = FakeVault({path: {"policy": "theirs", "db_name": "theirs"}})

    changes = compare(vault, _plan(), is_adopting=True)
    list(carry_out(vault, changes))

    assert [one.path for one in changes.steps if one.is_adopted] == [path]
    assert not compare(vault, _plan()).pending


def test_role_that_another_of_our_policies_names_is_ours() -> None:
    """Two workloads read one database role; the second's policy is not there yet."""
    vault = FakeVault()
    _applied(vault, _plan())

    changes = compare(vault, _plan(("shop/jobs",), account="worker"))

    assert not changes.refused
    assert {one.path: one.action for one in changes.steps}[ENGINE] is Action.UNCHANGED


def test_other_policies_are_read_only_when_a_role_is_nobodys_yet() -> None:
    vault = FakeVault({"sys/policies/acl/other": {"policy": "x"}})
    _applied(vault, _plan())

    compare(vault, _plan())

    assert ("read", "sys/policies/acl/other") not in vault.log


def test_missing_mount_is_a_refusal_in_words() -> None:
    vault = FakeVault(mounts=("sys", "auth/jwt"))

    changes = compare(vault, _plan())

    assert [(one.path, one.why) for one in changes.refused] == [(ENGINE, f"{ENGINE}: nothing is mounted there")]


def test_run_that_broke_off_is_gone_on_with() -> None:
    """The policy's head says already whose the role is."""
    vault = FakeVault()
    vault.broken_at = AUTH
    with pytest.raises(VaultError):
        list(carry_out(vault, compare(vault, _plan())))
    vault.broken_at = ""

    changes = compare(vault, _plan())

    assert [(one.path, one.action) for one in changes.pending] == [(AUTH, Action.CREATE)]
    assert not changes.refused


def test_role_that_is_no_more_wanted_stays_known_until_it_is_destroyed() -> None:
    vault = FakeVault()
    _applied(vault, _plan(engines=("shop-db", "shop-old")))
    _applied(vault, _plan())
    old = "database/roles/shop-old"

    destruction = compare_destruction(vault, {"shop/db"})

    assert old in vault.held
    assert "database/creds/shop-old" not in str(vault.held[POLICY]["policy"])
    assert not compare(vault, _plan()).pending
    assert old in [one.path for one in destruction.steps]


def test_destruction_takes_the_login_first_and_the_head_last() -> None:
    vault = FakeVault()
    _applied(vault, _plan())

    list(carry_out(vault, compare_destruction(vault, {"shop/db"})))

    assert vault.changed() == [("delete", AUTH), ("delete", ENGINE), ("delete", POLICY)]
    assert vault.held == {}


def test_destruction_keeps_what_others_need_and_says_so() -> None:
    vault = FakeVault()
    _applied(vault, _plan(("shop/db", "shop/queue")))

    changes = compare_destruction(vault, {"shop/db"})

    assert not changes.steps
    assert [(one.path, one.why) for one in changes.kept] == [
        (POLICY, "is needed by shop/queue too; it stays with its roles")
    ]


def test_destruction_keeps_a_role_that_another_policy_names() -> None:
    vault = FakeVault()
    _applied(vault, _plan())
    _applied(vault, _plan(("shop/jobs",), account="worker"))

    list(carry_out(vault, compare_destruction(vault, {"shop/db"})))

    assert sorted(vault.held) == ["auth/jwt/role/shop-worker", ENGINE, "sys/policies/acl/shop-worker"]


def test_destruction_of_what_is_half_gone_is_no_failure() -> None:
    vault = FakeVault()
    _applied(vault, _plan())
    del vault.held[ENGINE]
    vault.mounts = ("sys", "auth/jwt")

    changes = compare_destruction(vault, {"shop/db"})

    assert [one.path for one in changes.steps] == [AUTH, POLICY]


def test_head_cannot_make_a_destruction_of_anything_but_roles() -> None:
    """Who may write one policy must not get somebody else to delete a mount."""
    text = "# phase2: made for shop/db\n# phase2: with it: sys/mounts/secret\n# phase2: with it: auth/token/roles/x\n"
    vault = FakeVault({POLICY: {"policy": text}, "sys/mounts/secret": {"type": "kv"}})

    changes = compare_destruction(vault, {"shop/db"})

    assert [one.path for one in changes.steps] == [POLICY]


def test_policy_of_somebody_else_is_never_destroyed() -> None:
    vault = FakeVault({POLICY: {"policy": 'path "a" {}\n# phase2: made for shop/db\n'}})

    assert compare_destruction(vault, {"shop/db"}) == compare_destruction(FakeVault(), set())


def test_policy_is_the_same_with_or_without_blanks_around_it() -> None:
    plan = _plan()
    vault = FakeVault()
    _applied(vault, plan)
    vault.held[POLICY] = {"name": "shop-web", "policy": render_policy(plan.policies[0]).strip()}

    assert not compare(vault, plan).pending


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        (None, ["its connection database/config/pg is not there; make it, or correct connection"]),
        ({"allowed_roles": ["*"]}, []),
        ({"allowed_roles": ["shop-*"]}, []),
        ({"allowed_roles": ["other"]}, ["database/config/pg does not allow it; add shop-db to its allowed_roles"]),
        ({"allowed_roles": None}, ["database/config/pg does not allow it; add shop-db to its allowed_roles"]),
    ],
)
def test_connection_that_lets_the_role_issue_nothing_is_told(
    connection: dict[str, object] | None, told: list[str]
) -> None:
    vault = FakeVault({"database/config/pg": {"plugin_name": "x", **connection}} if connection else {})

    assert [one.why for one in compare(vault, _plan()).doubts] == told


def test_connection_that_may_not_be_seen_is_no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    really = FakeVault.read

    def read(self: FakeVault, path: str) -> object:
        if "/config/" in path:
            raise VaultError(f"{path}: 403")
        return really(self, path)

    monkeypatch.setattr(FakeVault, "read", read)

    assert compare(FakeVault(), _plan()).doubts == ()
