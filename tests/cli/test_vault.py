"""``phase2 vault``: a tree of SecretMigrations and a Vault in a dict."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from injector.cli import vault as commands
from injector.cli.vaultside import LoginFlags
from injector.config.model import AuthMethod, Config
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
from injector.migration.write import write_migration
from injector.model import ObjectRef
from injector.report.planjson import read_schema
from tests.canary import CANARY
from tests.cli.conftest import Ran, Run
from tests.unit.vault.fake import FakeVault

CONFIG = """
vault: {auth: {method: jwt, audience: vault}}
engineRoles:
  - {namespace: shop, connection: pg, owner: shop}
"""
POLICY = "sys/policies/acl/shop-web"
AUTH = "auth/jwt/role/shop-web"
ENGINE = "database/roles/shop-db"


def _migration(name: str, account: str) -> SecretMigration:
    path = f"database/creds/shop-{name}"
    return SecretMigration(
        namespace="shop",
        name=name,
        source=ObjectRef("ExternalSecret", "shop", name),
        secret=name,
        stage=Stage.PREPARE,
        auth=Auth(method=AuthMethod.JWT, mount="jwt"),
        credentials=(MovedCredential(name="db", keys=("password",), engine="database/postgresql", path=path),),
        files=(
            RenderedFile(
                key="password", template=f'{{{{ with secret "{path}" }}}}{{{{ .Data.password }}}}{{{{ end }}}}'
            ),
        ),
        workloads=(
            Workload(
                kind="Deployment",
                name=account,
                service_account=account,
                role=f"shop-{account}",
                containers=(
                    ContainerReads(name="app", reads=(Read(key="*", delivery=Delivery.FILE, path="/etc/db"),)),
                ),
            ),
        ),
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one SecretMigration."""
    (tmp_path / "phase2.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "db.secretmigration.yaml").write_text(write_migration(_migration("db", "web"), {}), encoding="utf-8")
    return tmp_path


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> FakeVault:
    """The Vault that the commands reach."""
    made = FakeVault()

    @contextlib.contextmanager
    def connect(_config: Config, _flags: LoginFlags) -> Iterator[FakeVault]:
        yield made

    monkeypatch.setattr(commands, "connect", connect)
    return made


def _document(ran: Ran) -> dict[str, object]:
    document: dict[str, object] = json.loads(ran.out)
    jsonschema.validate(document, json.loads(read_schema("vault")))
    return document


def test_plan_shows_everything_and_writes_nothing(run: Run, tree: Path, vault: FakeVault) -> None:
    ran = run("vault", "plan", str(tree))

    assert ran.code == 0
    assert f"+++ b/{POLICY}\n" in ran.out
    assert "+# phase2: made for shop/db\n" in ran.out
    assert '+db_name = "pg"\n' in ran.out
    assert "3 objects would change, 0 are as planned" in ran.err
    assert vault.changed() == []


def test_apply_writes_and_a_second_time_has_nothing_to_do(run: Run, tree: Path, vault: FakeVault) -> None:
    first = run("vault", "apply", "--yes", str(tree))
    second = run("vault", "apply", "--yes", str(tree))

    assert (first.code, second.code) == (0, 0)
    assert "3 objects written, 0 were as planned" in first.err
    assert (second.out, "0 objects written, 3 were as planned" in second.err) == ("", True)
    assert [path for _, path in vault.changed()] == [POLICY, ENGINE, AUTH]


def test_apply_without_anybody_to_ask_writes_nothing(run: Run, tree: Path, vault: FakeVault) -> None:
    ran = run("vault", "apply", str(tree))

    assert ran.code == 2
    assert "pass --yes" in ran.err
    assert vault.changed() == []


@pytest.mark.parametrize(("answer", "is_written"), [("y\n", True), ("n\n", False), ("", False)])
def test_apply_shows_the_diff_and_asks(
    run: Run,
    tree: Path,
    vault: FakeVault,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    is_written: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setattr("injector.cli.changing.is_terminal", lambda _stream: True)
    monkeypatch.setattr(sys.stdin, "readline", lambda: answer, raising=False)

    ran = run("vault", "apply", str(tree))

    assert f"+++ b/{AUTH}" in ran.err
    assert bool(vault.changed()) is is_written
    assert ran.code == (0 if is_written else 2)


def test_undecided_question_is_named_and_stops_apply_not_plan(run: Run, tree: Path, vault: FakeVault) -> None:
    (tree / "phase2.yaml").write_text("vault: {auth: {method: jwt, audience: vault}}\n", encoding="utf-8")

    planned = run("vault", "plan", str(tree))
    barred = run("vault", "plan", "--fail-on", "undecided", str(tree))
    applied = run("vault", "apply", "--yes", str(tree))

    assert (planned.code, barred.code, applied.code) == (0, 1, 2)
    for ran in (planned, applied):
        assert "not decided: db: what the login may do" in ran.err
        assert "under engineRoles" in ran.err
    assert "nothing was written" in applied.err
    assert vault.changed() == []


def test_only_leaves_undecided_others_aside(run: Run, tree: Path, vault: FakeVault) -> None:
    (tree / "phase2.yaml").write_text(
        CONFIG.replace("namespace: shop,", "namespace: shop, name: db,"), encoding="utf-8"
    )
    (tree / "jobs.yaml").write_text(write_migration(_migration("jobs", "worker"), {}), encoding="utf-8")

    ran = run("vault", "apply", "--yes", "--only", "shop/db", str(tree))

    assert ran.code == 0
    assert sorted(vault.held) == [AUTH, ENGINE, POLICY]


@pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
def test_only_of_an_unknown_name_is_two_with_a_guess(run: Run, tree: Path, vault: FakeVault, command: str) -> None:
    ran = run("vault", command, "--only", "shop/bd", str(tree))

    assert ran.code == 2
    assert "did you mean shop/db?" in ran.err
    assert vault.changed() == []


def test_fail_on_changes_is_the_gate_for_drift(run: Run, tree: Path, vault: FakeVault) -> None:
    before = run("vault", "plan", "--fail-on", "changes", str(tree))
    run("vault", "apply", "--yes", str(tree))
    after = run("vault", "plan", "--fail-on", "changes", str(tree))
    vault.held[AUTH]["token_ttl"] = 1
    drifted = run("vault", "plan", "--fail-on", "changes", str(tree))

    assert (before.code, after.code, drifted.code) == (1, 0, 1)
    assert "-token_ttl = 1\n+token_ttl = 3600\n" in drifted.out


def test_foreign_object_is_named_and_adopted_when_asked_for(run: Run, tree: Path, vault: FakeVault) -> None:
    vault.held[ENGINE] = {"db_name": "theirs", "creation_statements": [f"X PASSWORD='{CANARY}!1Aa'"]}

    planned = run("vault", "plan", str(tree))
    refused = run("vault", "apply", "--yes", str(tree))
    untouched = dict(vault.held)
    adopted = run("vault", "apply", "--yes", "--adopt", str(tree))

    assert (planned.code, refused.code, adopted.code) == (2, 2, 0)
    assert f"{ENGINE}: is there and was not made by phase2" in refused.err
    assert list(untouched) == [ENGINE]
    assert f"{ENGINE}: is taken over" in adopted.err
    assert vault.held[ENGINE]["db_name"] == "pg"


@pytest.mark.usefixtures("vault")
def test_field_that_vault_does_not_keep_is_told(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = FakeVault.write

    def forget(self: FakeVault, path: str, data: dict[str, object]) -> None:
        really(self, path, {name: value for name, value in data.items() if name != "db_name"})

    monkeypatch.setattr(FakeVault, "write", forget)

    ran = run("vault", "apply", "--yes", str(tree))

    assert ran.code == 2
    assert f"{ENGINE}: Vault did not keep db_name as written" in ran.err


def test_run_that_breaks_off_says_how_far_it_came(run: Run, tree: Path, vault: FakeVault) -> None:
    vault.broken_at = AUTH

    ran = run("vault", "apply", "--yes", str(tree))

    assert ran.code == 2
    assert "2 of 3 objects are done, run it again for the rest" in ran.err


def test_destroy_removes_what_was_made(run: Run, tree: Path, vault: FakeVault) -> None:
    vault.held["database/roles/theirs"] = {"db_name": "x"}
    run("vault", "apply", "--yes", str(tree))

    ran = run("vault", "destroy", "--yes", str(tree))
    again = run("vault", "destroy", "--yes", str(tree))

    assert (ran.code, again.code) == (0, 0)
    assert f"--- a/{AUTH}\n+++ /dev/null\n" in ran.out
    assert "3 objects removed" in ran.err
    assert list(vault.held) == ["database/roles/theirs"]
    assert again.out == ""


@pytest.mark.parametrize("stage", [Stage.INJECT, Stage.RELEASE, Stage.RETIRE])
def test_destroy_refuses_what_pods_log_in_by(run: Run, tree: Path, vault: FakeVault, stage: Stage) -> None:
    run("vault", "apply", "--yes", str(tree))
    before = dict(vault.held)
    moved = replace(_migration("db", "web"), stage=stage)
    (tree / "db.secretmigration.yaml").write_text(write_migration(moved, {}), encoding="utf-8")

    ran = run("vault", "destroy", "--yes", str(tree))

    assert ran.code == 2
    assert f"shop/db: is at stage {stage}, so pods log in by what would go; run phase2 rollback" in ran.err
    assert "nothing was removed" in ran.err
    assert vault.held == before


def test_destroy_finds_what_the_tree_has_no_more_when_it_is_named(run: Run, tree: Path, vault: FakeVault) -> None:
    run("vault", "apply", "--yes", str(tree))
    (tree / "db.secretmigration.yaml").unlink()

    nothing = run("vault", "destroy", "--yes", "-v", str(tree))
    left = dict(vault.held)
    named = run("vault", "destroy", "--yes", "--only", "shop/db", str(tree))

    assert "Vault also holds what was made for shop/db" in nothing.err
    assert len(left) == 3
    assert named.code == 0
    assert vault.held == {}


def test_tree_without_a_migration_says_what_comes_first(run: Run, tmp_path: Path, vault: FakeVault) -> None:
    ran = run("vault", "plan", str(tmp_path))

    assert (ran.code, ran.out) == (0, "")
    assert "phase2 apply --stage prepare --write first" in ran.err
    assert vault.log == []


def test_json_keeps_to_its_schema(run: Run, tree: Path, vault: FakeVault) -> None:
    planned = _document(run("vault", "plan", "-o", "json", str(tree)))
    applied = _document(run("vault", "apply", "--yes", "-o", "json", str(tree)))
    vault.held[POLICY]["policy"] = "theirs"
    refused = _document(run("vault", "plan", "-o", "json", str(tree)))
    destroyed = _document(run("vault", "destroy", "--yes", "-o", "json", str(tree)))

    assert (planned["isWritten"], applied["isWritten"], destroyed["isWritten"]) == (False, True, False)
    assert planned["summary"] == {"create": 3, "update": 0, "unchanged": 0, "delete": 0}
    assert [one["path"] for one in refused["refused"]] == [POLICY, ENGINE, AUTH]  # type: ignore[attr-defined]


def test_missing_package_says_which_extra_to_install(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example")
    monkeypatch.setenv("VAULT_TOKEN", "x")
    monkeypatch.delitem(sys.modules, "injector.vault.client", raising=False)
    monkeypatch.setitem(sys.modules, "hvac", None)

    ran = run("vault", "plan", str(tree))

    assert ran.code == 2
    assert "install vault-phase2[vault]" in ran.err
