"""Label selectors as Kubernetes reads them."""

from __future__ import annotations

import pytest

from injector.inventory.labelselector import read_label_selector
from injector.manifests.yamldoc import Chunk, Map, parse_chunk

LABELS = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("text", "is_chosen"),
    [
        ("{}", True),
        ("matchLabels: {app: web}", True),
        ("matchLabels: {app: web, tier: back}", False),
        ("matchExpressions: [{key: app, operator: In, values: [web, api]}]", True),
        ("matchExpressions: [{key: app, operator: In, values: [api]}]", False),
        ("matchExpressions: [{key: app, operator: NotIn, values: [web]}]", False),
        ("matchExpressions: [{key: zone, operator: NotIn, values: [a]}]", True),
        ("matchExpressions: [{key: zone, operator: Exists}]", False),
        ("matchExpressions: [{key: app, operator: Exists}]", True),
        ("matchExpressions: [{key: app, operator: DoesNotExist}]", False),
        ("matchExpressions: [{key: zone, operator: DoesNotExist}]", True),
        ("matchExpressions: [{key: app, operator: Like, values: [x]}]", True),
        ("{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: DoesNotExist}]}", False),
    ],
)
def test_a_selector_chooses_as_kubernetes_does(text: str, is_chosen: bool) -> None:  # noqa: FBT001
    body = parse_chunk(Chunk(0, 1, text.encode()), "x").value
    assert isinstance(body, Map)

    assert read_label_selector(body).chooses(LABELS) is is_chosen
