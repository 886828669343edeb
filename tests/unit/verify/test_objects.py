"""Whatever stands in an object, the rules answer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from injector.config.verify import Level, Verify
from injector.manifests.yamldoc import Map, Value
from injector.verify.model import Known
from injector.verify.objects import verify_object
from tests.unit.inventory.test_inventory_never_raises import _KEYS, _KINDS, _VALUES, _map

KINDS = [*_KINDS, "phase2.tazlab.net/v1alpha1 SecretMigration"]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(KINDS), st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_no_shape_makes_a_rule_raise(kind: str, body: dict[str, Value]) -> None:
    version, _, name = kind.partition(" ")
    document = _map({**body, "apiVersion": version, "kind": name})
    store = _map({"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", **body})

    found = verify_object(
        document,
        Known(verify=Verify(), find_store=lambda _kind, _namespace, _name: store),
        namespace="shop",
        level=lambda _rule: Level.WARN,
        prefix="phase2.tazlab.net",
    )

    assert isinstance(document, Map)
    assert isinstance(found, tuple)
