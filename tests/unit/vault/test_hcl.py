"""The script for the ``vault`` program, run by a real shell with a program that only remembers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from injector.config.model import AuthMethod
from injector.model import ObjectRef
from injector.vault.hcl import render_policy, render_script
from injector.vault.objects import AuthRole, EngineRole, Policy, Undecided, VaultPlan

REMEMBER = """#!/bin/sh
# A vault that holds nothing: each write becomes two files, its arguments and what it read.
case $1 in read)
  while [ $# -gt 1 ]; do shift; done
  printf 'No value found at %s\n' "$1" >&2
  exit 2 ;;
esac
n=$(ls "$OUT" | wc -l)
printf '%s\\n' "$@" >"$OUT/$n.args"
cat >"$OUT/$n.stdin"
"""


@pytest.mark.parametrize(
    "odd",
    [
        "it's",
        'say "hi"',
        "$(touch pwned) `touch pwned` ${HOME}",
        "back\\slash \\n",
        "PHASE2_JSON",
        "PHASE2_POLICY",
        "two\nlines",
        "@file",
        "-flag; rm x | y & z > w # not a comment",
        "ünïcode %s %{x}",
    ],
)
def test_nothing_in_a_name_or_a_value_reaches_the_shell(tmp_path: Path, odd: str) -> None:
    program, out = tmp_path / "vault", tmp_path / "out"
    program.write_text(REMEMBER, encoding="utf-8")
    program.chmod(0o755)
    out.mkdir()
    name = odd.replace("\n", " ")
    role = EngineRole(
        mount="database", engine="database/postgresql", name=name, parameters={"creation_statements": [odd]}
    )
    auth = AuthRole(
        mount="jwt",
        method=AuthMethod.JWT,
        name=name,
        namespace="a",
        service_account="b",
        policies=(name,),
        audience=odd,
    )
    policy = Policy(
        name=name, rules=((odd, ("read",)),), owner=("a/b",), belongings=tuple(sorted((role.path, auth.path)))
    )
    script = render_script(VaultPlan(policies=(policy,), engine_roles=(role,), auth_roles=(auth,)))

    done = subprocess.run(
        ["sh", "-s"],
        input=script.encode(),
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "OUT": str(out)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "vault"]
    arguments = [(out / f"{number}.args").read_text(encoding="utf-8") for number in (0, 2, 4)]
    assert arguments == [f"policy\nwrite\n{name}\n-\n", f"write\n{role.path}\n-\n", f"write\n{auth.path}\n-\n"]
    assert (out / "0.stdin").read_text(encoding="utf-8") == render_policy(policy)
    assert json.loads((out / "2.stdin").read_text(encoding="utf-8")) == role.parameters
    assert json.loads((out / "4.stdin").read_text(encoding="utf-8")) == auth.parameters


ANSWER = """#!/bin/sh
# A vault that gives one answer to every read, and remembers that it was asked to write.
case $1 in read)
  cat "$OUT/../answer" >&2
  exit 2 ;;
esac
echo "$@" >>"$OUT/written"
"""
PLAN = VaultPlan(policies=(Policy(name="shop-web", rules=(), owner=("shop/db",)),))


def run(folder: Path, script: str, program: str) -> subprocess.CompletedProcess[str]:
    """A script with a `vault` of our own on PATH, whose memory is the folder ``out``."""
    (folder / "vault").write_text(program, encoding="utf-8")
    (folder / "vault").chmod(0o755)
    (folder / "out").mkdir()
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "OUT": str(folder / "out")}
    return subprocess.run(["sh", "-s"], input=script, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "answer",
    [
        "Error reading sys/policies/acl/shop-web: Error making API request.\n\nURL: GET http://127.0.0.1:8200/v1/x\n"
        "Code: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n",
        "Error reading sys/policies/acl/shop-web: Error making API request.\n\nCode: 503. Errors:\n\n* Vault is sealed\n",
        'Error reading x: Get "http://127.0.0.1:1/v1/x": dial tcp 127.0.0.1:1: connect: connection refused\n',
        "No value found at sys/policies/acl/shop-web2\n",
        "",
    ],
)
def test_script_takes_no_failure_for_an_empty_path(tmp_path: Path, answer: str) -> None:
    """The program ends with 2 for all of these, as it does where nothing is there."""
    (tmp_path / "answer").write_text(answer, encoding="utf-8")

    done = run(tmp_path, render_script(PLAN), ANSWER)

    assert done.returncode == 1
    assert done.stderr.startswith("apply.sh: sys/policies/acl/shop-web: Vault does not say whether it is there")
    assert answer.strip() in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_script_without_the_vault_program_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, render_script(PLAN), "#!/nowhere/sh\n")

    assert done.returncode == 1
    assert "mend this first" in done.stderr
    assert "vault" in done.stderr.splitlines()[1]


def test_script_with_an_open_question_asks_it_and_calls_nothing(tmp_path: Path) -> None:
    asked = Undecided(
        migration=ObjectRef("SecretMigration", "shop", "db"), what="what it's $(for)", remedy="write `it` down"
    )

    done = run(tmp_path, render_script(VaultPlan(policies=PLAN.policies, undecided=(asked,))), ANSWER)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "apply.sh: SecretMigration/shop/db: not decided: what it's $(for); write `it` down",
        "apply.sh: nothing was written: first decide what is told above",
    ]
    assert list((tmp_path / "out").iterdir()) == []


NOTHING = """#!/bin/sh
# A vault that holds nothing, and remembers what it was called for where.
case $1 in
read)
  while [ $# -gt 1 ]; do shift; done
  echo "No value found at $1" >&2
  exit 2 ;;
*) echo "$VAULT_ADDR ${VAULT_NAMESPACE:-}" >>"$OUT/called" ;;
esac
"""
PLACED = VaultPlan(policies=PLAN.policies, address="https://vault.example:8200", namespace="team/a")


def test_script_goes_where_the_configuration_says(tmp_path: Path) -> None:
    done = run(tmp_path, render_script(PLACED), NOTHING)

    assert done.returncode == 0
    assert (tmp_path / "out" / "called").read_text() == "https://vault.example:8200 team/a\n"


def test_script_goes_where_the_environment_says_first(tmp_path: Path) -> None:
    given = "VAULT_ADDR=https://other; VAULT_NAMESPACE=b\n"

    done = run(tmp_path, given + render_script(PLACED), NOTHING)

    assert done.returncode == 0
    assert (tmp_path / "out" / "called").read_text() == "https://other b\n"


def test_script_runs_with_the_program_of_openbao(tmp_path: Path) -> None:
    given = "VAULT_ADDR=https://other; VAULT_PROGRAM=bao\n"
    bao = tmp_path / "bao"
    bao.write_text(NOTHING, encoding="utf-8")
    bao.chmod(0o755)

    done = run(tmp_path, "export VAULT_ADDR\n" + given + render_script(PLAN), "#!/bin/false\n")

    assert done.returncode == 0
    assert (tmp_path / "out" / "called").exists()
