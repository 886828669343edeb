"""What phase2 makes in Vault, by each of its writers, and what the tokens of its roles may do."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from injector.cli.main import main
from injector.config.model import AuthMethod
from injector.migration.write import write_migration
from injector.vault.build import build_vault_plan
from injector.vault.comparing import differing_fields
from injector.vault.hcl import render_policy, render_script
from injector.vault.live import Action, carry_out, compare, compare_destruction
from injector.vault.objects import VaultPlan
from injector.vault.terraform import render_terraform
from tests.lab.kube import Object
from tests.lab.lab import Lab
from tests.lab.vault import VaultServer
from tests.live import vaults

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def empty(lab_agent: Lab) -> VaultServer:
    """A Vault with mounts and nothing in them."""
    return vaults.get_empty(lab_agent)


def every_role(method: AuthMethod) -> VaultPlan:
    """A role of every engine that can be had without its system, of two workloads that share one of them."""
    migrations = [
        vaults.migration(
            "shop",
            engine.replace("/", "-"),
            account="worker" if engine == "aws" else "web",
            engine=engine,
            method=method,
        )
        for engine in vaults.ENGINES
    ]
    shared = vaults.migration(
        "shop", "shared", account="worker", path="database/creds/shop-database-postgresql", method=method
    )
    return build_vault_plan([*migrations, shared], vaults.every_engine(method))


def planned(plan: VaultPlan) -> dict[str, tuple[str, dict[str, Any]]]:
    """API path -> kind of role and data, as the model has it."""
    found: dict[str, tuple[str, dict[str, Any]]] = {
        one.path: ("policy", {"policy": render_policy(one)}) for one in plan.policies
    }
    found |= {one.path: (one.engine.partition("/")[0], dict(one.parameters)) for one in plan.engine_roles}
    found |= {one.path: (f"auth/{one.method}", one.parameters) for one in plan.auth_roles}
    return found


# -- one model, three writers ---------------------------------------------------------------------


@pytest.mark.parametrize("method", list(AuthMethod))
def test_writers_leave_the_same_in_an_empty_vault(empty: VaultServer, method: AuthMethod) -> None:
    """The script by the real program, our client, and what Terraform's resources say."""
    plan = every_role(method)
    model = planned(plan)

    done = vaults.run_script(empty, render_script(plan))
    by_script = vaults.held(empty)
    vaults.clear(empty)
    emptied = vaults.held(empty)
    vaults.apply(empty, plan)
    by_client = vaults.held(empty)
    vaults.clear(empty)
    for path, data in vaults.read_terraform(render_terraform(plan)).items():
        empty.write(path, data)
    by_terraform = vaults.held(empty)

    assert not plan.undecided
    assert done.returncode == 0, done.stderr
    assert emptied == {}
    assert by_client == by_script
    assert by_terraform == by_script
    assert sorted(by_script) == sorted(model)
    assert {path: differing_fields(data, by_script[path], kind) for path, (kind, data) in model.items()} == {
        path: {} for path in model
    }


def test_terraform_says_field_by_field_what_the_model_says() -> None:
    """Its HCL is parsed, not applied: the provider is not part of the lab."""
    for method in AuthMethod:
        plan = every_role(method)

        assert vaults.read_terraform(render_terraform(plan)) == {
            path: data for path, (_, data) in planned(plan).items()
        }


def test_script_can_be_run_again_and_our_client_then_finds_nothing_to_do(empty: VaultServer) -> None:
    plan = every_role(AuthMethod.JWT)
    vaults.run_script(empty, render_script(plan))

    again = vaults.run_script(empty, render_script(plan))
    changes = compare(vaults.client(empty), plan)

    assert again.returncode == 0, again.stderr
    assert not changes.pending
    assert not changes.refused


def test_second_apply_changes_nothing(empty: VaultServer) -> None:
    plan = every_role(AuthMethod.JWT)

    first, second = vaults.apply(empty, plan), vaults.apply(empty, plan)

    assert {one.action for one in first.steps} == {Action.CREATE}
    assert {one.action for one in second.steps} == {Action.UNCHANGED}
    assert len(second.steps) == len(first.steps)


def test_what_somebody_changed_by_hand_is_seen_and_put_right(empty: VaultServer) -> None:
    """Also in fields that the plan says nothing of: some of them let more people in."""
    plan = every_role(AuthMethod.KUBERNETES)
    vaults.apply(empty, plan)
    before = vaults.held(empty)
    web = "auth/kubernetes/role/shop-web"
    empty.write(web, {"bound_service_account_namespace_selector": '{"matchLabels": {"a": "b"}}', "token_period": 60})
    empty.write(
        "database/roles/shop-database-postgresql", {"creation_statements": ["SELECT 1"], "renew_statements": ["x"]}
    )

    changes = vaults.apply(empty, plan)

    assert {one.path: one.action for one in changes.pending} == {
        web: Action.UPDATE,
        "database/roles/shop-database-postgresql": Action.UPDATE,
    }
    assert vaults.held(empty) == before


# -- nothing of anybody else's ----------------------------------------------------------------------


FOREIGN = (
    ("sys/policies/acl/shop-web", {"policy": 'path "secret/*" { capabilities = ["read"] }'}),
    (
        "auth/jwt/role/shop-web",
        {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["x"], "token_policies": ["x"]},
    ),
    ("database/roles/shop-db", {"db_name": "theirs", "creation_statements": ["SELECT 1"]}),
)


@pytest.mark.parametrize(("path", "data"), FOREIGN)
def test_what_is_somebody_elses_is_refused_unless_adopted(empty: VaultServer, path: str, data: Object) -> None:
    plan = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))
    empty.write(path, data)
    before = vaults.held(empty)

    refused = vaults.apply(empty, plan)
    script = vaults.run_script(empty, render_script(plan))
    untouched = vaults.held(empty)
    adopted = vaults.apply(empty, plan, is_adopting=True)

    assert [one.path for one in refused.refused] == [path]
    assert script.returncode == 1
    assert f"{path}: is there and was not made by phase2" in script.stderr
    assert untouched == before
    assert [one.path for one in adopted.steps if one.is_adopted] == [path]
    assert not compare(vaults.client(empty), plan).pending


def test_engine_that_is_not_mounted_is_told(empty: VaultServer) -> None:
    one = vaults.migration("shop", "db", path="nowhere/creds/shop-db")
    changes = vaults.apply(empty, build_vault_plan([one], vaults.every_engine(AuthMethod.JWT)))

    assert [(one.path, one.why.partition(";")[0]) for one in changes.refused] == [
        ("nowhere/roles/shop-db", "nowhere/roles/shop-db: nothing is mounted there")
    ]
    assert vaults.held(empty) == {}


def test_script_takes_over_when_told_to(empty: VaultServer) -> None:
    plan = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))
    for path, data in FOREIGN:
        empty.write(path, data)

    done = vaults.run_script(empty, render_script(plan), ADOPT="yes")

    assert done.returncode == 0
    assert not compare(vaults.client(empty), plan).pending


@pytest.mark.parametrize("unreadable", ["sys/policies/acl/*", "auth/jwt/role/*", "database/roles/*"])
def test_script_of_who_may_write_but_not_read_overwrites_nothing(empty: VaultServer, unreadable: str) -> None:
    """To this login each foreign object looks, by the exit code alone, as if it were not there."""
    plan = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))
    for path, data in FOREIGN:
        empty.write(path, data)
    folders = [f"{path.rpartition('/')[0]}/*" for path, _ in FOREIGN]
    rules = {folder: ["create", "update", *([] if folder == unreadable else ["read"])] for folder in folders}
    empty.write(
        "sys/policies/acl/ops",
        {"policy": json.dumps({"path": {path: {"capabilities": words} for path, words in rules.items()}})},
    )
    token = str(empty.write("auth/token/create", {"policies": ["ops"]})["auth"]["client_token"])
    before = vaults.held(empty)

    done = vaults.run_script(empty, render_script(plan), VAULT_TOKEN=token, ADOPT="yes")

    assert done.returncode == 1
    assert "Vault does not say whether it is there" in done.stderr
    assert "permission denied" in done.stderr
    assert token not in done.stdout + done.stderr
    assert vaults.held(empty) == before


def test_script_stops_at_an_address_where_nobody_answers(empty: VaultServer) -> None:
    plan = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))

    done = vaults.run_script(empty, render_script(plan), VAULT_ADDR="http://127.0.0.1:1", VAULT_MAX_RETRIES="0")

    assert done.returncode == 1
    assert "connection refused" in done.stderr
    assert vaults.held(empty) == {}


def test_destruction_leaves_all_that_is_not_ours(empty: VaultServer) -> None:
    for path, data in FOREIGN:
        empty.write(path.replace("shop", "their"), data)
    before = vaults.held(empty)
    plan = every_role(AuthMethod.JWT)
    vaults.apply(empty, plan)
    port = vaults.client(empty)
    names = {name for one in plan.policies for name in one.owner}

    list(carry_out(port, compare_destruction(port, names)))

    assert vaults.held(empty) == before
    assert not compare_destruction(port, names).pending


def test_script_names_what_an_earlier_plan_made_so_that_it_is_destroyed_too(empty: VaultServer) -> None:
    """A role that got another name stays until somebody destroys it, as after an apply by the API."""
    old = build_vault_plan(
        [vaults.migration("shop", "db", path="database/creds/old")], vaults.every_engine(AuthMethod.JWT)
    )
    new = build_vault_plan([vaults.migration("shop", "db")], vaults.every_engine(AuthMethod.JWT))
    vaults.run_script(empty, render_script(old))

    done = vaults.run_script(empty, render_script(new))
    by_script = vaults.held(empty)
    pending = compare(vaults.client(empty), new).pending
    vaults.clear(empty)
    vaults.apply(empty, old)
    vaults.apply(empty, new)
    by_client = vaults.held(empty)
    port = vaults.client(empty)
    list(carry_out(port, compare_destruction(port, {"shop/db"})))

    assert done.returncode == 0, done.stderr
    assert "database/roles/old" in by_script
    assert by_script == by_client
    assert not pending
    assert vaults.held(empty) == {}


def test_destruction_of_one_migration_keeps_what_another_needs(empty: VaultServer) -> None:
    config = vaults.every_engine(AuthMethod.JWT)
    web = vaults.migration("shop", "db")
    worker = vaults.migration("shop", "jobs", account="worker", path="database/creds/shop-db")
    vaults.apply(empty, build_vault_plan([web, worker], config))
    port = vaults.client(empty)

    list(carry_out(port, compare_destruction(port, {"shop/db"})))

    assert sorted(vaults.held(empty)) == [
        "auth/jwt/role/shop-worker",
        "database/roles/shop-db",
        "sys/policies/acl/shop-worker",
    ]
    list(carry_out(port, compare_destruction(port, {"shop/jobs"})))
    assert vaults.held(empty) == {}


# -- the commands -----------------------------------------------------------------------------------


def commit_all(root: Path) -> None:
    """A repository of a tree, with everything in it committed."""
    for arguments in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "--message", "start"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def logins(lab: Lab, vault: VaultServer, folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """A login of each method that may do what docs/vault.md says it must: method -> flags, variables."""
    vault.write("sys/policies/acl/ops", {"policy": OPS_POLICY})
    shared = {"token_policies": ["ops"]}
    vault.write(
        "auth/kubernetes/role/ops",
        {"bound_service_account_names": ["default"], "bound_service_account_namespaces": ["default"], **shared},
    )
    vault.write(
        "auth/jwt/role/ops",
        {
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_subject": "system:serviceaccount:default:default",
            "bound_audiences": ["vault"],
            **shared,
        },
    )
    if "approle/" not in vault.read("sys/auth"):
        vault.write("sys/auth/approle", {"type": "approle"})
    vault.write("auth/approle/role/ops", shared)
    role_id = str(vault.read("auth/approle/role/ops/role-id")["role_id"])
    secret_id = str(vault.write("auth/approle/role/ops/secret-id", {})["data"]["secret_id"])
    jwt, account = folder / "jwt", folder / "account"
    jwt.write_text(lab.kube.request_token("default", "default", audiences=("vault",)), encoding="ascii")
    account.write_text(lab.kube.request_token("default", "default"), encoding="ascii")
    token = str(vault.write("auth/token/create", {"policies": ["ops"]})["auth"]["client_token"])
    return {
        "token": ([], {"VAULT_TOKEN": token}),
        "kubernetes": (["--login-role=ops", f"--login-file={account}"], {}),
        "jwt": (["--login-role=ops", f"--login-file={jwt}"], {}),
        "approle": ([], {"VAULT_ROLE_ID": role_id, "VAULT_SECRET_ID": secret_id}),
    }


OPS_POLICY = (
    (REPOSITORY / "docs" / "vault.md").read_text(encoding="utf-8").rpartition("```hcl\n")[2].partition("```")[0]
)
"""What docs/vault.md says that who applies needs."""


@pytest.mark.parametrize("method", ["token", "kubernetes", "jwt", "approle"])
def test_commands_plan_apply_and_destroy_by_each_login(
    lab_agent: Lab,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    method: str,
) -> None:
    vault = lab_agent.services.vault
    flags, variables = logins(lab_agent, vault, tmp_path)[method]
    for name in ("VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"VAULT_ADDR": vault.address, "HOME": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "db.yaml").write_text(write_migration(vaults.migration(namespace, "db"), {}), encoding="utf-8")
    decided = "vault: {auth: {method: jwt, audience: vault}}\nengineRoles: [{connection: lab, owner: shop}]\n"
    (tree / "phase2.yaml").write_text(decided, encoding="utf-8")
    run = [f"--login={method}", *flags, str(tree)]
    tokens = set(vault.list("auth/token/accessors"))

    codes = [
        main(["vault", "plan", "--fail-on=changes", *run]),
        main(["vault", "apply", "--yes", *run]),
        main(["vault", "plan", "--fail-on=changes", *run]),
    ]
    made = {path for path in (f"database/roles/{namespace}-db", f"auth/jwt/role/{namespace}-web") if vault.read(path)}
    codes.append(main(["vault", "destroy", "--yes", *run]))
    told = capfd.readouterr()

    assert codes == [1, 0, 0, 0], told.err
    assert len(made) == 2
    assert not [path for path in made if vault.read(path)]
    assert set(vault.list("auth/token/accessors")) == tokens
    assert not [value for value in variables.values() if value in told.out + told.err]


def test_example_tree_leaves_the_same_by_its_own_script_its_terraform_and_by_the_command(
    empty: VaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What stage prepare writes into the tree is what a person runs."""
    tree = tmp_path / "tazlab"
    shutil.copytree(REPOSITORY / "examples" / "tazlab", tree)
    commit_all(tree)
    monkeypatch.setenv("VAULT_ADDR", empty.address)
    monkeypatch.setenv("VAULT_TOKEN", empty.token)
    assert main(["apply", "--stage", "prepare", "--write", "--yes", str(tree)]) == 0

    done = vaults.run_script(empty, (tree / ".phase2/vault/apply.sh").read_text(encoding="utf-8"))
    by_script = vaults.held(empty)
    after_script = main(["vault", "plan", "--fail-on", "changes", str(tree)])
    vaults.clear(empty)
    applied = main(["vault", "apply", "--yes", str(tree)])
    by_command = vaults.held(empty)
    vaults.clear(empty)
    for path, data in vaults.read_terraform((tree / ".phase2/vault/main.tf").read_text(encoding="utf-8")).items():
        empty.write(path, data)
    by_terraform = vaults.held(empty)
    told = capfd.readouterr()

    assert (done.returncode, after_script, applied) == (0, 0, 0), done.stderr + told.err
    assert len(by_script) >= 3
    assert by_command == by_script
    assert by_terraform == by_script
