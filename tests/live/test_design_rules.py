"""The design rules behind the real API server, by the webhook configurations that are shipped."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jsonpatch
import pytest
import yaml

from injector.config.verify import LEVELS, TREE_ONLY, Level
from injector.migration.model import Delivery, Read
from injector.migration.write import write_migration
from tests.lab import eso, injector
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until
from tests.live.registered import VALIDATING, migration
from tests.live.test_deploy import apply_definition
from tests.live.test_external_secrets import create_synced, external_secret
from tests.live.workloads import unique
from tests.packaging.conftest import REPOSITORY
from tests.webhook.processes import Running, running

ASKED = 'phase2_admission_duration_seconds_count{endpoint="validate"}'
ADMITTED = [one for one in LEVELS if one != TREE_ONLY]


def shipped() -> Object:
    """The validating configuration of the base, with the component that lets Secrets be seen."""
    base = (REPOSITORY / "deploy" / "base" / "webhooks.yaml").read_text(encoding="utf-8")
    component = REPOSITORY / "deploy" / "components" / "validate-secrets" / "webhook.yaml"
    [config] = [one for one in yaml.safe_load_all(base) if one["kind"] == VALIDATING]
    made: Object = jsonpatch.apply_patch(config, yaml.safe_load(component.read_text(encoding="utf-8")))
    return made


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace whose Secret ``db`` moves, and a webhook that is asked about it."""

    lab: Lab
    namespace: str
    webhook: Running

    def ask(self, body: Object) -> tuple[str, ...]:
        """Return what we say of an object that is about to be made, and is not kept."""
        try:
            found = self.lab.kube.create_with_warnings(body, dry_run=True).warnings
        except ApiError as err:
            return (f"denied: {err.message}",)
        return tuple(one for one in found if "phase2: " in one)

    def bodies(self) -> dict[str, Object]:
        """An object for each rule that it breaks, and none besides."""
        certificate = external_secret(self.namespace, "tls", "Owner")
        certificate["spec"]["data"] = [
            {"secretKey": key, "remoteRef": {"key": self.namespace, "property": key}} for key in ("tls.crt", "tls.key")
        ]
        other = external_secret(self.namespace, "other", "Owner")
        other["spec"]["target"]["name"] = "db"
        meta = {"name": "plain", "namespace": self.namespace}
        malformed = yaml.safe_load(write_migration(migration(self.namespace, "r", READ)))
        malformed["metadata"] |= {"name": "odd", "namespace": self.namespace}
        malformed["spec"]["workloads"][0]["containers"][0]["reads"][0]["key"] = "nothing-renders-it"
        return {
            "inline-secret": {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": meta,
                "stringData": {"password": "made-up-7Zq8w"},
            },
            "creation-policy": external_secret(self.namespace, "merging", "Merge"),
            "tls-template": certificate,
            "migration-malformed": malformed,
            "migrating-secret-retargeted": other,
        }


READ = Read(key="*", delivery=Delivery.FILE, path="/etc/db")


@contextmanager
def place(lab: Lab, namespace: str, folder: Path, level: str) -> Iterator[Place]:
    """A webhook whose rules all do the same."""
    apply_definition(lab.kube)
    policies = folder / "policies"
    policies.mkdir()
    (policies / "db.yaml").write_text(write_migration(migration(namespace, "r", READ)), encoding="utf-8")
    decided = folder / "phase2.yaml"
    decided.write_text(yaml.safe_dump({"verify": {"admission": dict.fromkeys(ADMITTED, level)}}), encoding="utf-8")
    with running(policies, folder / "webhook.log", "--config", str(decided), certs=lab.certs) as webhook:
        config = shipped()
        for one in config["webhooks"]:
            path = one["clientConfig"]["service"]["path"]
            one["clientConfig"] = {"url": f"{webhook.url}{path}", "caBundle": lab.certs.ca_bundle}
            one["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        lab.kube.create(config)
        made = Place(lab, namespace, webhook)
        try:
            for kind in ("Secret", "ExternalSecret", "SecretMigration"):
                wait_until_asked(made, kind)
            yield made
        finally:
            lab.kube.delete(injector.ADMISSION, VALIDATING, config["metadata"]["name"])


def wait_until_asked(made: Place, kind: str) -> None:
    [body] = [one for one in made.bodies().values() if one["kind"] == kind][:1]
    before = made.webhook.metric(ASKED)

    def probe() -> bool:
        made.ask({**copy.deepcopy(body), "metadata": {"name": unique("probe"), "namespace": made.namespace}})
        return made.webhook.metric(ASKED) > before

    wait_until(probe, what=f"the API server asks about {kind}")


@pytest.mark.parametrize("level", list(Level))
def test_every_rule_does_what_the_configuration_says(
    lab_agent: Lab, namespace: str, tmp_path: Path, level: Level
) -> None:
    with place(lab_agent, namespace, tmp_path, level.value) as made:
        said = {rule: made.ask(body) for rule, body in made.bodies().items()}

    assert set(said) == set(ADMITTED)
    if level is Level.OFF:
        assert set(said.values()) == {()}
        return
    for rule, (text,) in said.items():
        assert f"phase2: {rule}: " in text
        assert text.startswith("denied: ") is (level is Level.DENY)
    assert "7Zq8w" not in (tmp_path / "webhook.log").read_text(encoding="utf-8")


def test_the_operator_goes_on_while_everything_is_denied(lab_agent: Lab, namespace: str, tmp_path: Path) -> None:
    with place(lab_agent, namespace, tmp_path, Level.DENY.value) as made:
        secret = create_synced(lab_agent, namespace, "db")
        before = secret["metadata"]["resourceVersion"]
        lab_agent.services.vault.write(f"secret/data/{namespace}", {"data": {"password": "another"}})
        lab_agent.kube.merge(eso.API, "ExternalSecret", "db", {"metadata": {"annotations": {"sync": "now"}}}, namespace)

        wait_until(
            lambda: lab_agent.kube.get("v1", "Secret", "db", namespace)["metadata"]["resourceVersion"] != before,
            what="the operator wrote the Secret again",
        )

        lab_agent.kube.delete(eso.API, "ExternalSecret", "db", namespace)
        wait_until(
            lambda: lab_agent.kube.find(eso.API, "ExternalSecret", "db", namespace) is None, what="the source is gone"
        )
        assert made.webhook.popen.poll() is None


def test_an_object_from_before_can_be_changed_and_only_what_is_new_is_denied(
    lab_agent: Lab, namespace: str, tmp_path: Path
) -> None:
    lab_agent.kube.create(external_secret(namespace, "merging", "Merge"))
    with place(lab_agent, namespace, tmp_path, Level.DENY.value):
        patch = {"spec": {"refreshInterval": "2h"}}
        changed = lab_agent.kube.merge(eso.API, "ExternalSecret", "merging", patch, namespace)
        with pytest.raises(ApiError, match="migrating-secret-retargeted"):
            lab_agent.kube.merge(eso.API, "ExternalSecret", "merging", {"spec": {"target": {"name": "db"}}}, namespace)

    assert changed["spec"]["refreshInterval"] == "2h"
