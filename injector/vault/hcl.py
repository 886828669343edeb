"""Policies as HCL, and a ``vault`` command-line script that makes everything.

The script is POSIX sh, can be run again, and holds no secret: a login is the caller's (``VAULT_ADDR``, ``VAULT_TOKEN``).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from injector.vault.objects import AGENT_RULES, Policy, VaultPlan
from injector.vault.ownership import MARK, START, WITH, render_head

__all__ = ["MARK", "render_files", "render_policy", "render_script"]


def render_policy(policy: Policy) -> str:
    """Return a policy as HCL, with the head by which phase2 knows it again."""
    lines = [*render_head(policy.owner, policy.belongings)]
    for path, capabilities in policy.rules:
        lines += _rule(path, capabilities)
    lines.append("# What the agent does for itself: renew its token and its leases, and give the token back.")
    for path, capabilities in AGENT_RULES:
        lines += _rule(path, capabilities)
    return "\n".join(lines) + "\n"


def _rule(path: str, capabilities: Sequence[str]) -> tuple[str, ...]:
    words = ", ".join(json.dumps(one) for one in capabilities)
    return f"path {json.dumps(path, ensure_ascii=False)} {{", f"  capabilities = [{words}]", "}"


def render_script(plan: VaultPlan) -> str:
    """Return a shell script that makes everything of a plan."""
    return "\n".join(_script(plan)) + "\n"


def render_files(plan: VaultPlan) -> Mapping[str, str]:
    """Return file name -> text: the policies and the script."""
    policies = {f"policies/{one.name}.hcl": render_policy(one) for one in plan.policies}
    return {**policies, "apply.sh": render_script(plan)}


def _script(plan: VaultPlan) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Makes what the moves need in Vault; it can be run again. Needs VAULT_ADDR and a login that may read and write these"
    yield "# paths. VAULT_PROGRAM=bao runs it with OpenBao's program."
    yield "set -eu"
    for question in plan.undecided:
        yield f"printf '%s\\n' {shlex.quote(f'apply.sh: {question}')} >&2"
    if plan.undecided:
        yield "echo 'apply.sh: nothing was written: first decide what is told above' >&2"
        yield "exit 1"
    for variable, value in (("VAULT_ADDR", plan.address), ("VAULT_NAMESPACE", plan.namespace)):
        if value:
            yield f'[ -n "${{{variable}:-}}" ] || {variable}={shlex.quote(value)}'
            yield f"export {variable}"
    yield _FUNCTIONS.rstrip("\n")
    heads: dict[str, list[str]] = {}
    for policy in plan.policies:
        heads.setdefault(policy.path, []).append(policy.name)
        for path in policy.belongings:
            heads.setdefault(path, []).append(policy.name)
    for path, names in sorted(heads.items()):
        yield f"free {' '.join(shlex.quote(word) for word in (path, *names))}"
    # In this order a role is never there without the head that says whose it is, and the login comes last.
    for policy in plan.policies:
        yield f"policy {shlex.quote(policy.name)} <<'PHASE2_POLICY'"
        yield render_policy(policy).rstrip("\n")
        yield "PHASE2_POLICY"
    for role in plan.engine_roles:
        yield from _write(role.path, role.parameters)
    for auth in plan.auth_roles:
        yield from _write(auth.path, auth.parameters)


_FUNCTIONS: Final = (
    """\
vault() { command "${VAULT_PROGRAM:-vault}" "$@"; }
there() { # PATH FLAG...: what is there is in $answer; false when there is nothing; the end when Vault does not say
  asked=$1; shift
  # Every failure has the same exit code, and a path that may not be read is no empty one: only the words tell.
  if answer=$(vault read -format=table "$@" "$asked" 2>&1); then return 0; fi
  if printf '%s\\n' "$answer" | grep -Fqx "No value found at $asked"; then return 1; fi
  echo "apply.sh: $asked: Vault does not say whether it is there, so nothing more is written; mend this first:" >&2
  printf '%s\\n' "$answer" >&2
  exit 1
}
free() { # PATH POLICY...: nothing is there, or one of these policies says that it was made with it
  object=$1; shift
  there "$object" || return 0
  for policy in "$@"; do
    there "sys/policies/acl/$policy" -field=policy || continue
    head=$(printf '%s\\n' "$answer" | grep '^@START@') || continue
    case $object in sys/policies/acl/*) return 0 ;; esac
    if printf '%s\\n' "$head" | grep -Fqx "@WITH@$object"; then return 0; fi
  done
  [ "${ADOPT:-}" != yes ] || return 0
  echo "apply.sh: $object: is there and was not made by phase2; rename it, or run with ADOPT=yes to take it over" >&2
  exit 1
}
policy() { # NAME: writes the policy on stdin; what an earlier plan made stays named in its head, for whoever destroys it
  text=$(cat)
  there "sys/policies/acl/$1" -field=policy || answer=
  case $answer in '@MARK@'*) ;; *) answer= ;; esac
  {
    printf '%s\\n' "$text" | sed 1q
    printf '%s\\n' "$text" "$answer" | grep '^@WITH@' | LC_ALL=C sort -u
    printf '%s\\n' "$text" | sed 1d | grep -v '^@WITH@'
  } | vault policy write "$1" -
}
""".replace("@START@", START)
    .replace("@WITH@", WITH)
    .replace("@MARK@", MARK)
)
"""As the other writers do, the script overwrites nothing that it did not make, and forgets nothing that it made."""


def _write(path: str, parameters: Mapping[str, object]) -> Iterator[str]:
    # As JSON on stdin: lists stay lists, and nothing is read as a file name (@) or split at commas.
    yield f"vault write {shlex.quote(path)} - <<'PHASE2_JSON'"
    yield json.dumps(parameters, indent=2, ensure_ascii=False)
    yield "PHASE2_JSON"
