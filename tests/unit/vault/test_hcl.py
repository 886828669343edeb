"""The script for the ``vault`` program, run by a real shell with a program that only remembers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from injector.config.model import AuthMethod
from injector.vault.hcl import render_policy, render_script
from injector.vault.objects import AuthRole, EngineRole, Policy, VaultPlan

REMEMBER = """#!/bin/sh
# A vault that holds nothing: each write becomes two files, its arguments and what it read.
case $1 in read) exit 2 ;; esac
case "$1 $2" in "policy read") exit 2 ;; esac
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
    policy = Policy(name=name, rules=((odd, ("read",)),), owner=("a/b",), belongings=(role.path, auth.path))
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
