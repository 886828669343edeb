"""The rule by which a person decides: it comes before all others."""

from __future__ import annotations

from typing import Final

from injector.model import Confidence, Verdict
from injector.rules.example import external_secret, file, manifests, workload
from injector.rules.nature import kind_of_engine
from injector.rules.rule import Answer, Case, Decision, VerdictRule, stays


def _override(case: Case) -> Answer:
    config, secret, unit = case.context.config, case.secret, case.unit
    if not config.overrides:
        return None
    found = config.find_override(
        secret.namespace,
        (secret.name, *(source.ref.name for source in secret.sources)),
        vault_paths=tuple(remote.path for remote in unit.remotes),
        key=unit.key.name,
    )
    if found is None:
        return None
    message = f"{config.path} says so: {found.reason}"
    if found.verdict is Verdict.STATIC:
        return stays(message, found.location, Confidence.HIGH)
    if case.nature.kind == "configuration" and found.key == "*":
        return None  # an override of a whole Secret means its credentials, not the host beside them
    kind = case.nature.kind if case.nature.engine == found.engine else kind_of_engine(found.engine)
    return Decision(Verdict.DYNAMIC, Confidence.HIGH, message, found.location, kind, found.engine)


RULES: Final = (
    VerdictRule(
        id="override-verdict",
        statement="What phase2.yaml says of a Secret, a Vault path or a key wins over every rule.",
        remedy="Change or remove the entry in phase2.yaml when it is not true any more.",
        example=manifests(
            file(
                "phase2.yaml", "overrides: [{namespace: shop, name: web, verdict: static, reason: frozen until May}]\n"
            ),
            file(
                "app.yaml",
                external_secret("shop/web", {"POSTGRES_PASSWORD": "shop/web#password"}),
                workload("shop/web", "ghcr.io/acme/web:1.4", env_from="web"),
            ),
        ),
        decide=_override,
    ),
)
