"""What the External Secrets Operator does to a Secret, on a server with real garbage collection.

Grounds for the stage `release`; see docs/ground-truth.md. A statement "it stays" is made only
after a control, treated the same way at the same time, has gone.
"""

from __future__ import annotations

import base64

import pytest

from tests.lab import eso
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.waiting import wait_until

CREATED_BY = "reconcile.external-secrets.io/created-by"
MANAGED = "reconcile.external-secrets.io/managed"
LET_GO = {"target": {"creationPolicy": "Orphan"}, "refreshPolicy": "OnChange"}


def external_secret(namespace: str, name: str, policy: str) -> Object:
    """Reads PASSWORD from the KV secret of the namespace's name into the Secret ``name``."""
    return {
        "apiVersion": eso.API,
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": eso.STORE},
            "target": {"name": name, "creationPolicy": policy},
            "data": [
                {
                    "secretKey": "PASSWORD",
                    "remoteRef": {"key": namespace, "property": "password"},
                }
            ],
        },
    }


def create_synced(lab: Lab, namespace: str, name: str, policy: str = "Owner") -> Object:
    """Create the ExternalSecret; the Secret it made."""
    path = f"secret/data/{namespace}"
    lab.services.vault.write(path, {"data": {"password": "from-vault"}})
    lab.kube.create(external_secret(namespace, name, policy))
    wait_until(lambda: ready_reason(lab, namespace, name) == "SecretSynced", what="it synced")
    return lab.kube.get("v1", "Secret", name, namespace)


def ready_reason(lab: Lab, namespace: str, name: str) -> str:
    """Reason of the Ready condition; empty when there is none yet."""
    status = lab.kube.get(eso.API, "ExternalSecret", name, namespace).get("status", {})
    ready = [c["reason"] for c in status.get("conditions", []) if c["type"] == "Ready"]
    return ready[0] if ready else ""


def find_secret(lab: Lab, namespace: str, name: str) -> Object | None:
    """The Secret, or None."""
    return lab.kube.find("v1", "Secret", name, namespace)


def has_owner(lab: Lab, namespace: str, name: str) -> bool:
    """True while the Secret carries an ownerReference."""
    return bool(lab.kube.get("v1", "Secret", name, namespace)["metadata"].get("ownerReferences"))


def edit(lab: Lab, namespace: str, name: str, spec: Object) -> None:
    """Merge-patch the spec of an ExternalSecret."""
    lab.kube.merge(eso.API, "ExternalSecret", name, {"spec": spec}, namespace)


def delete(lab: Lab, namespace: str, *names: str) -> None:
    """Delete ExternalSecrets and wait until they are gone."""
    for name in names:
        lab.kube.delete(eso.API, "ExternalSecret", name, namespace)
    wait_until(lambda: not lab.kube.list(eso.API, "ExternalSecret", namespace), what="they are gone")


def wait_gone(lab: Lab, namespace: str, name: str) -> None:
    """Wait until the Secret is gone."""
    wait_until(lambda: find_secret(lab, namespace, name) is None, what=f"Secret {name} is gone")


def managers(secret: Object) -> dict[str, set[str]]:
    """Field manager -> the data keys it owns."""
    found: dict[str, set[str]] = {}
    for entry in secret["metadata"]["managedFields"]:
        keys = {key[2:] for key in entry["fieldsV1"].get("f:data", {}) if key.startswith("f:")}
        found.setdefault(entry["manager"], set()).update(keys)
    return found


def test_secret_is_made_from_kv(lab_agent: Lab, namespace: str) -> None:
    """Value, owner, label and field manager of the default policy."""
    secret = create_synced(lab_agent, namespace, "app")

    meta = secret["metadata"]
    assert base64.b64decode(secret["data"]["PASSWORD"]) == b"from-vault"
    assert [owner["kind"] for owner in meta["ownerReferences"]] == ["ExternalSecret"]
    assert meta["labels"][MANAGED] == "true"
    assert CREATED_BY in meta["labels"]
    assert managers(secret) == {"externalsecrets.external-secrets.io/app": {"PASSWORD"}}


def test_owned_secret_goes_with_its_external_secret(lab_agent: Lab, namespace: str) -> None:
    """The default: garbage collection by ownerReference."""
    create_synced(lab_agent, namespace, "app")

    delete(lab_agent, namespace, "app")

    wait_gone(lab_agent, namespace, "app")


def test_orphan_with_onchange_lets_go(lab_agent: Lab, namespace: str) -> None:
    """One edit removes ownerReference and created-by; the Secret survives the deletion."""
    for name in ("kept", "control"):
        create_synced(lab_agent, namespace, name)

    edit(lab_agent, namespace, "kept", LET_GO)
    wait_until(lambda: not has_owner(lab_agent, namespace, "kept"), what="it was let go")
    labels = lab_agent.kube.get("v1", "Secret", "kept", namespace)["metadata"]["labels"]
    delete(lab_agent, namespace, "kept", "control")
    wait_gone(lab_agent, namespace, "control")

    assert CREATED_BY not in labels
    assert labels[MANAGED] == "true"
    assert find_secret(lab_agent, namespace, "kept")


def test_one_edit_of_a_cluster_external_secret_lets_go_in_all_its_namespaces(lab_agent: Lab, namespace: str) -> None:
    """Its children follow; their Secrets survive the deletion of all, and those of a control do not."""
    kube, other = lab_agent.kube, f"{namespace}-other"
    kube.create_namespace(other)
    lab_agent.services.vault.write(f"secret/data/{namespace}", {"data": {"password": "from-vault"}})
    places = (namespace, other)
    for name in ("kept", "control"):
        spec = external_secret(namespace, name, "Owner")["spec"]
        body = {"namespaces": list(places), "externalSecretName": name, "externalSecretSpec": spec}
        metadata = {"name": f"{namespace}-{name}"}
        kube.create({"apiVersion": eso.API, "kind": "ClusterExternalSecret", "metadata": metadata, "spec": body})
    every = [(place, name) for place in places for name in ("kept", "control")]
    wait_until(lambda: all(find_secret(lab_agent, *one) for one in every), what="all have their Secrets")
    owned = [has_owner(lab_agent, place, "kept") for place in places]

    edit = {"spec": {"externalSecretSpec": {"target": {"creationPolicy": "Orphan"}}}}
    kube.merge(eso.API, "ClusterExternalSecret", f"{namespace}-kept", edit)
    wait_until(lambda: not any(has_owner(lab_agent, place, "kept") for place in places), what="all were let go")
    for name in ("kept", "control"):
        kube.delete(eso.API, "ClusterExternalSecret", f"{namespace}-{name}")
    for place in places:
        wait_gone(lab_agent, place, "control")
    wait_until(lambda: not any(kube.list(eso.API, "ExternalSecret", place) for place in places), what="they are gone")

    assert owned == [True, True]
    assert all(find_secret(lab_agent, place, "kept") for place in places)


@pytest.mark.parametrize(
    "frozen",
    [{"refreshPolicy": "CreatedOnce"}, {"refreshInterval": "0s"}],
    ids=["CreatedOnce", "interval-0"],
)
def test_orphan_with_a_frozen_refresh_does_not_let_go(lab_agent: Lab, namespace: str, frozen: Object) -> None:
    """The edit looks like the one that works, and deleting then destroys the Secret."""
    for name in ("frozen", "control"):
        create_synced(lab_agent, namespace, name)

    edit(lab_agent, namespace, "frozen", {"target": {"creationPolicy": "Orphan"}, **frozen})
    edit(lab_agent, namespace, "control", LET_GO)
    wait_until(lambda: not has_owner(lab_agent, namespace, "control"), what="control let go")
    owned = has_owner(lab_agent, namespace, "frozen")
    delete(lab_agent, namespace, "frozen", "control")

    assert owned
    wait_gone(lab_agent, namespace, "frozen")
    assert find_secret(lab_agent, namespace, "control")


def test_a_frozen_external_secret_lets_go_when_moved_to_onchange(lab_agent: Lab, namespace: str) -> None:
    """The cure: change the refresh policy in the same edit."""
    create_synced(lab_agent, namespace, "app")
    frozen = {"refreshPolicy": "CreatedOnce", "target": {"creationPolicy": "Owner"}}
    edit(lab_agent, namespace, "app", frozen)
    assert has_owner(lab_agent, namespace, "app")

    edit(lab_agent, namespace, "app", LET_GO)

    wait_until(lambda: not has_owner(lab_agent, namespace, "app"), what="it was let go")


def test_owner_to_none_keeps_the_owner_reference(lab_agent: Lab, namespace: str) -> None:
    """None is no way to let go: the Secret goes with the ExternalSecret."""
    for name in ("none", "control"):
        create_synced(lab_agent, namespace, name)

    edit(lab_agent, namespace, "none", {"target": {"creationPolicy": "None"}})
    edit(lab_agent, namespace, "control", LET_GO)
    wait_until(lambda: not has_owner(lab_agent, namespace, "control"), what="control let go")
    owned = has_owner(lab_agent, namespace, "none")
    delete(lab_agent, namespace, "none", "control")

    assert owned
    wait_gone(lab_agent, namespace, "none")


def test_merge_adds_its_key_and_owns_only_that(lab_agent: Lab, namespace: str) -> None:
    """The field managers are the only mark of who wrote what: there is no owner and no created-by."""
    meta = {"name": "shared", "namespace": namespace}
    mine = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"MINE": "x"}}
    lab_agent.kube.create(mine)

    secret = create_synced(lab_agent, namespace, "shared", "Merge")

    assert set(secret["data"]) == {"MINE", "PASSWORD"}
    assert not has_owner(lab_agent, namespace, "shared")
    assert CREATED_BY not in secret["metadata"]["labels"]
    assert managers(secret)["externalsecrets.external-secrets.io/shared"] == {"PASSWORD"}


def test_deleted_merge_leaves_its_key_behind(lab_agent: Lab, namespace: str) -> None:
    """Nobody removes the merged key: retiring a merged key is the product's own work."""
    meta = {"name": "shared", "namespace": namespace}
    lab_agent.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta})
    create_synced(lab_agent, namespace, "shared", "Merge")
    create_synced(lab_agent, namespace, "control")

    delete(lab_agent, namespace, "shared", "control")
    wait_gone(lab_agent, namespace, "control")

    secret = lab_agent.kube.get("v1", "Secret", "shared", namespace)
    assert set(secret["data"]) == {"PASSWORD"}


def test_create_or_merge_is_refused_by_this_version(lab_agent: Lab, namespace: str) -> None:
    """The policy came with ESO 2.8.0; the CRD of 0.19.2 does not know it."""
    with pytest.raises(ApiError, match=r"Unsupported value.*CreateOrMerge") as refused:
        lab_agent.kube.create(external_secret(namespace, "app", "CreateOrMerge"))

    assert refused.value.status == 422


def test_long_name_becomes_a_digest_in_managed_fields(lab_agent: Lab, namespace: str) -> None:
    """A reader of managedFields must know both forms, or it finds nothing for long names."""
    name = "a-rather-long-name-of-an-external-secret"
    secret = create_synced(lab_agent, namespace, name)

    (manager,) = managers(secret)

    assert manager.startswith("externalsecrets.external-secrets.io")
    assert name not in manager
