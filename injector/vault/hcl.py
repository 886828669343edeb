"""Policies as HCL, and a ``vault`` command-line script that makes everything.

The script is POSIX sh, can be run again, and holds no secret: a login is the caller's (``VAULT_ADDR``, ``VAULT_TOKEN``).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from injector.vault.objects import Policy, VaultPlan

MARK: Final = "# phase2: made for "
"""First line of every policy that phase2 makes. What does not start with it is not ours and is never touched."""


def render_policy(policy: Policy) -> str:
    """Return a policy as HCL."""
    lines = [f"{MARK}{', '.join(policy.owner)}"]
    for path, capabilities in policy.rules:
        words = ", ".join(json.dumps(one) for one in capabilities)
        lines += [f"path {json.dumps(path, ensure_ascii=False)} {{", f"  capabilities = [{words}]", "}"]
    return "\n".join(lines) + "\n"


def render_script(plan: VaultPlan) -> str:
    """Return a shell script that makes everything of a plan."""
    return "\n".join(_script(plan)) + "\n"


def render_files(plan: VaultPlan) -> Mapping[str, str]:
    """Return file name -> text: the policies and the script."""
    policies = {f"policies/{one.name}.hcl": render_policy(one) for one in plan.policies}
    return {**policies, "apply.sh": render_script(plan)}


def _script(plan: VaultPlan) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Makes what the moves need in Vault; it can be run again. Needs VAULT_ADDR and a login that may write these paths."
    yield "set -eu"
    for open_question in plan.undecided:
        yield f"# NOT DECIDED {open_question.migration}: {open_question.what}; {open_question.remedy}"
    if plan.undecided:
        yield "echo 'apply.sh: something is not decided yet: see its head' >&2; exit 1"
    for role in plan.engine_roles:
        yield from _write(role.path, role.parameters)
    for policy in plan.policies:
        yield f"vault policy write {shlex.quote(policy.name)} - <<'PHASE2_POLICY'"
        yield render_policy(policy).rstrip("\n")
        yield "PHASE2_POLICY"
    for auth in plan.auth_roles:
        yield from _write(auth.path, auth.parameters)


def _write(path: str, parameters: Mapping[str, object]) -> Iterator[str]:
    # As JSON on stdin: lists stay lists, and nothing is read as a file name (@) or split at commas.
    yield f"vault write {shlex.quote(path)} - <<'PHASE2_JSON'"
    yield json.dumps(parameters, indent=2, ensure_ascii=False)
    yield "PHASE2_JSON"
