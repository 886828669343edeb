"""Label selectors, as Kubernetes reads them.

Source: k8s.io/apimachinery pkg/apis/meta/v1/helpers.go, ``LabelSelectorAsSelector``; pkg/labels/selector.go, ``Requirement.Matches``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from injector.manifests.document import items, mapping, text
from injector.manifests.yamldoc import Map


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Requirements that labels must all meet; none means that everything is chosen.

    Attributes:
        requirements: (label, operator, values); operators are ``In``, ``NotIn``, ``Exists`` and ``DoesNotExist``.
    """

    requirements: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def chooses(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet the requirements; one with an operator that nobody knows counts as met."""
        return all(_meets(labels, *one) for one in self.requirements)


def read_label_selector(body: Map) -> LabelSelector:
    """Read a ``metav1.LabelSelector``."""
    exact = [(key, "In", (text(value),)) for key, value in mapping(body, "matchLabels").items()]
    expressions = [
        (text(one.get("key")), text(one.get("operator")), tuple(text(value) for value in items(one, "values")))
        for one in map(mapping, items(body, "matchExpressions"))
    ]
    return LabelSelector((*exact, *expressions))


def _meets(labels: Mapping[str, str], key: str, operator: str, values: tuple[str, ...]) -> bool:
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True
