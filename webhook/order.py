"""Whether the cluster asks our webhook and the injector's in an order that works. Pure; `webhook.ordering` looks for it.

Source: k8s.io/apiserver/pkg/admission/configuration/mutating_webhook_manager.go@v0.34.2 (sorted by the configurations' names, as
bytes), k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/reinvocationcontext.go (who is asked a second time).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from injector.pod.model import Json
from injector.pod.reading import as_list, as_map

_OURS: Final = "pods.phase2.tazlab.net"
_THEIRS: Final = "vault.hashicorp.com"
"""Names of webhooks in deploy/base and in the chart of hashicorp/vault, whatever their configurations are called."""


class Order(StrEnum):
    """What was found."""

    OK = "ok"
    NOBODY_ASKS_US = "nobody-asks-us"
    NO_INJECTOR = "no-injector"
    INJECTOR_FIRST = "injector-first"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, in a word and in words.

    Attributes:
        ours: name of our configuration; empty when there is none.
        uid: of our configuration.
        message: what is wrong and what to do; empty when nothing is.
    """

    order: Order
    ours: str = ""
    uid: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Webhook:
    configuration: str
    uid: str
    index: int
    is_asked_again: bool

    @property
    def rank(self) -> tuple[bytes, int]:
        return (self.configuration.encode(), self.index)


def judge_order(configurations: Iterable[Mapping[str, Json]]) -> Judgement:
    """Return whether an injector is asked after us, of all MutatingWebhookConfigurations of a cluster."""
    bodies = list(configurations)
    ours, theirs = _find(bodies, _OURS), _find(bodies, _THEIRS)
    if not ours:
        return Judgement(
            Order.NOBODY_ASKS_US,
            message=f"no MutatingWebhookConfiguration has a webhook {_OURS}; apply webhooks.yaml of deploy/base",
        )
    first = min(ours, key=lambda one: one.rank)
    if not theirs:
        text = (
            f"no MutatingWebhookConfiguration has the Vault Agent Injector's webhook {_THEIRS}, so pods would be annotated "
            "and nobody would inject them; install the injector"
        )
        return Judgement(Order.NO_INJECTOR, first.configuration, first.uid, text)
    if any(one.rank > first.rank or one.is_asked_again for one in theirs):
        return Judgement(Order.OK, first.configuration, first.uid)
    text = (
        f"the injector's {theirs[0].configuration} is asked before {first.configuration}, so pods would be annotated and nobody "
        "would inject them; give our configuration a name that sorts before it, or it the reinvocationPolicy IfNeeded"
    )
    return Judgement(Order.INJECTOR_FIRST, first.configuration, first.uid, text)


def _find(bodies: Iterable[Mapping[str, Json]], name: str) -> list[_Webhook]:
    found = []
    for body in bodies:
        metadata = as_map(body.get("metadata"))
        for index, one in enumerate(as_list(body.get("webhooks"))):
            if one.get("name") == name:
                again = one.get("reinvocationPolicy") == "IfNeeded"
                found.append(_Webhook(str(metadata.get("name", "")), str(metadata.get("uid", "")), index, again))
    return found
