"""Whether what Vault gives back is what was written: durations, order, defaults and JSON told in several ways.

What Vault 1.21.1 gives back for each role was seen by writing and reading it; see docs/ground-truth.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

_TOKEN_FIELDS: Final[Mapping[str, object]] = {
    "token_bound_cidrs": [],
    "token_explicit_max_ttl": 0,
    "token_no_default_policy": False,
    "token_num_uses": 0,
    "token_period": 0,
    "token_type": "default",
}
NEUTRAL: Final[Mapping[str, Mapping[str, object]]] = {
    "auth/jwt": {
        **_TOKEN_FIELDS,
        "bound_audiences": [],
        "bound_claims": {},
        "bound_claims_type": "string",
        "claim_mappings": {},
        "clock_skew_leeway": 0,
        "expiration_leeway": 0,
        "groups_claim": "",
        "max_age": 0,
        "not_before_leeway": 0,
        "user_claim_json_pointer": False,
    },
    "auth/kubernetes": {
        **_TOKEN_FIELDS,
        "alias_name_source": "serviceaccount_uid",
        "audience": "",
        "bound_service_account_namespace_selector": "",
    },
    "database": {
        "credential_type": "password",
        "renew_statements": [],
        "revocation_statements": [],
        "rollback_statements": [],
    },
}
"""What a role holds in the fields that a plan says nothing of. A role that holds something else there is no more what was
planned: most of these fields let more people in, or do more."""

_ORDERED: Final = "_statements"
_COMPLETED: Final = frozenset({"azure_roles", "azure_groups"})
"""Documents that Vault completes by what it finds out (the id of a role that was named)."""
_REWRITTEN: Final = frozenset({"bindings"})
"""Written as HCL, given back in another shape: only whether there is something can be compared."""
_TIME: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\Z")


def differing_fields(want: Mapping[str, object], have: Mapping[str, object], kind: str) -> dict[str, object]:
    """Return the fields that must be written so that `have` becomes `want`; empty when it is already.

    Args:
        want: field -> value, as planned.
        have: as Vault gives it back.
        kind: ``auth/jwt``, ``auth/kubernetes``, or an engine; of those in `NEUTRAL` the fields that `want` leaves out count too.
    """
    # What a server does not know (an older Vault, OpenBao) it does not give back, and it must not be written.
    neutral = {name: value for name, value in NEUTRAL.get(kind, {}).items() if name in have}
    whole = {**neutral, **want}
    return {name: value for name, value in whole.items() if not is_same(name, value, have.get(name))}


def is_same(name: str, want: object, have: object) -> bool:
    """Return whether a field that was written as `want` and is given back as `have` is unchanged."""
    if name in _REWRITTEN:
        return _is_empty(want) == _is_empty(have)
    return _is_same(want, have, is_ordered=name.endswith(_ORDERED), may_have_more=name in _COMPLETED)


def _is_same(want: object, have: object, *, is_ordered: bool = False, may_have_more: bool = False) -> bool:
    if _is_empty(want) or _is_empty(have):
        return _is_empty(want) and _is_empty(have)
    if isinstance(want, bool) or isinstance(have, bool):
        return str(want).lower() == str(have).lower()
    want, have = _opened(want, have), _opened(have, want)
    if isinstance(want, Mapping) and isinstance(have, Mapping):
        names = want if may_have_more else {*want, *have}
        return all(_is_same(want.get(key), have.get(key), may_have_more=may_have_more) for key in names)
    left, right = _items(want, have), _items(have, want)
    if left is not None and right is not None:
        return _is_same_list(left, right, is_ordered=is_ordered, may_have_more=may_have_more)
    if isinstance(want, int) or isinstance(have, int):
        return _seconds(want) is not None and _seconds(want) == _seconds(have)
    return want == have


def _is_same_list(want: Sequence[object], have: Sequence[object], *, is_ordered: bool, may_have_more: bool) -> bool:
    if len(want) != len(have):
        return False
    if not is_ordered and all(isinstance(one, str) for one in (*want, *have)):
        return sorted(map(str, want)) == sorted(map(str, have))
    return all(_is_same(*pair, may_have_more=may_have_more) for pair in zip(want, have, strict=True))


def _is_empty(value: object) -> bool:
    return value is None or value is False or value in ("", 0, "0", "0s", "false") or value in ([], {})


def _opened(value: object, other: object) -> object:
    """Return JSON text as what it says, when that can be compared with the other side."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    if isinstance(other, list | tuple) and not all(isinstance(one, Mapping) for one in other):
        return value  # one statement of a list that is JSON by itself
    try:
        opened: object = json.loads(value)
    except ValueError:
        return value
    return opened


def _items(value: object, other: object) -> Sequence[object] | None:
    """Return the items of a list; text counts as one, with commas, beside a list."""
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, str) and isinstance(other, list | tuple):
        return [part.strip() for part in value.split(",")]
    return None


def _seconds(value: object) -> int | None:
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not value:
        return None
    if value.isascii() and value.isdigit():
        return int(value)
    match = _TIME.match(value)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
