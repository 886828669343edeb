"""What would become of a Vault, as a diff and as JSON: each object as if it were a file of its API path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from injector.edit.changes import Change, ChangeSet
from injector.edit.diff import render_diff
from injector.redact import redact
from injector.report.contract import API_VERSION
from injector.vault.comparing import is_same
from injector.vault.live import Action, Changes, Step
from injector.vault.objects import Undecided

_POLICY: Final = "policy"


def render_vault_diff(changes: Changes) -> str:
    """Return a unified diff over API paths; empty when nothing would change.

    What Vault holds may be somebody else's: what looks like a secret in it is taken out.
    """
    pairs = (Change(step.path, _text(step, is_after=False), _text(step, is_after=True)) for step in changes.pending)
    return render_diff(ChangeSet.of(pairs)).decode("utf-8", "backslashreplace")


def render_vault_json(changes: Changes, undecided: tuple[Undecided, ...], *, is_written: bool) -> str:
    """Return the same as a document; keys never vanish."""
    document = {
        "apiVersion": API_VERSION,
        "kind": "VaultChanges",
        "isWritten": is_written,
        "summary": {action.value: sum(one.action is action for one in changes.steps) for action in Action},
        "items": [_item(step) for step in changes.steps],
        "refused": [{"path": one.path, "message": one.why} for one in changes.refused],
        "doubts": [{"path": one.path, "message": one.why} for one in changes.doubts],
        "kept": [{"path": one.path, "message": one.why} for one in changes.kept],
        "undecided": [
            {
                "namespace": one.migration.namespace,
                "name": one.migration.name,
                "message": one.what,
                "remedy": one.remedy,
            }
            for one in undecided
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _item(step: Step) -> dict[str, object]:
    return {
        "path": step.path,
        "action": step.action.value,
        "isAdopted": step.is_adopted,
        "fields": [
            {"name": name, "before": _before(step, name), "after": step.after.get(name)}
            for name in sorted({*step.before, *step.after})
        ],
    }


def _text(step: Step, *, is_after: bool) -> bytes | None:
    if step.action is (Action.DELETE if is_after else Action.CREATE):
        return None
    fields: Mapping[str, object] = step.after if is_after else step.before
    if _POLICY in fields:
        return str(fields[_POLICY]).encode()
    shown = {name: value if is_after else _before(step, name) for name, value in sorted(fields.items())}
    # One field a line, so that a diff shows the fields that differ.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False, sort_keys=True)}\n" for name, value in shown.items()]
    return "".join(lines).encode()


def _before(step: Step, name: str) -> object:
    """Return what Vault holds in a field, in the plan's form where it says the same."""
    have = step.before.get(name)
    if name in step.after and name in step.before and is_same(name, step.after[name], have):
        return step.after[name]
    return _shown(name, have)


def _shown(name: str, value: object) -> object:
    """Return a value of Vault's as it may be shown."""
    match value:
        case str():
            return value if name == _POLICY else redact(value)
        case list() | tuple():
            return [_shown(name, one) for one in value]
        case Mapping():
            return {str(key): _shown(str(key), one) for key, one in value.items()}
        case _:
            return value
