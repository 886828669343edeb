"""What the real injector, or the API server behind it, refuses; and that our webhook lets the same pod in, unchanged and in words.

Source of the list: vault-k8s agent-inject/handler.go and agent-inject/agent/agent.go@v1.6.2.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from injector.migration.model import Delivery, Read, Rotation, RotationAction
from tests.lab.errors import LabError
from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.lab.podrunner import INIT
from tests.live.registered import ACCOUNT, Shop, agents, migration, pod, shop, volume_spec
from tests.live.workloads import unique, vault_annotations
from tests.webhook.reviews import review

VOLUME = Read(key="*", delivery=Delivery.FILE, path="/etc/db")
Change = Callable[[Object], None]
"""Makes a pod one that is refused."""


@dataclass(frozen=True, slots=True)
class Case:
    """A shape that is refused once the injector's annotations are there.

    Attributes:
        change: makes a pod spec of this shape.
        refused: what the injector or the API server says of it.
        ours: what our webhook says in place of it.
        notes: further annotations of the pod that is annotated by hand.
    """

    change: Change
    refused: str
    ours: str
    notes: tuple[tuple[str, str], ...] = ()


def no_token(spec: Object) -> None:
    spec["automountServiceAccountToken"] = False


def named_volume(spec: Object) -> None:
    spec["volumes"].append({"name": "vault-secrets", "emptyDir": {}})


def custom_volume(spec: Object) -> None:
    spec["volumes"].append({"name": "vault-secrets-custom-0", "emptyDir": {}})


def taken_folder(spec: Object) -> None:
    spec["volumes"].append({"name": "own", "emptyDir": {}})
    spec["containers"][0]["volumeMounts"].append({"name": "own", "mountPath": "/vault/secrets"})


def agent_of_its_own(spec: Object) -> None:
    spec["containers"].append({"name": "vault-agent", "image": "x"})


def not_shared(spec: Object) -> None:
    spec["shareProcessNamespace"] = False


def same_folder_in_an_init_container(spec: Object) -> None:
    spec["volumes"].append({"name": "own", "emptyDir": {}})
    mounts = [{"name": "own", "mountPath": "/etc/db"}]
    spec["initContainers"] = [{"name": "wait", "image": "x", "volumeMounts": mounts}]


FOLDER = (("secret-volume-path-db", "/etc/db"),)
SHARED = (("agent-share-process-namespace", "true"),)
CASES = {
    "no token": Case(no_token, "failed to find service account volume mount", "automountServiceAccountToken is false"),
    "a volume of its name": Case(named_volume, "Duplicate value", "a name that the Vault Agent Injector needs"),
    "a volume of a folder's name": Case(custom_volume, "Duplicate value", "the Vault Agent Injector needs", FOLDER),
    "a mount in its folder": Case(taken_folder, "must be unique", "where the agent renders"),
    "an agent of its own": Case(agent_of_its_own, "Duplicate value", "has a Vault Agent container already"),
    "processes apart": Case(not_shared, "shareProcessNamespace", "shareProcessNamespace is false", SHARED),
    "the same folder in an init container": Case(
        same_folder_in_an_init_container, "must be unique", "container wait mounts something of its own", FOLDER
    ),
}


@pytest.fixture
def web(lab_agent: Lab, namespace: str, tmp_path: Path) -> Iterator[Shop]:
    with shop(lab_agent, namespace, tmp_path) as made:
        yield made


def by_hand(web: Shop, spec: Object, **more: str) -> Object:
    """Make a pod whose annotations a person wrote; our webhook is not asked."""
    notes = {
        key.replace("vault.hashicorp.com/", ""): value for key, value in vault_annotations(web.role).items()
    } | more
    plain = copy.deepcopy(spec)
    for container in plain["containers"]:
        container["volumeMounts"] = [one for one in container.get("volumeMounts", []) if one["name"] != "creds"]
    annotations = {f"vault.hashicorp.com/{key}": value for key, value in notes.items()}
    return web.lab.kube.create(pod(web.namespace, unique("hand"), plain, labels={}, annotations=annotations))


@pytest.mark.parametrize("name", CASES)
def test_pod_that_would_be_refused_is_let_in_unchanged_and_in_words(web: Shop, name: str) -> None:
    case = CASES[name]
    decided = migration(web.namespace, web.role, VOLUME)
    if name == "processes apart":
        signal = Rotation(action=RotationAction.SIGNAL, signal="HUP", process="app")
        decided = replace(decided, workloads=tuple(replace(one, rotation=signal) for one in decided.workloads))
    web.obey(decided)
    web.register()
    spec = volume_spec()
    case.change(spec)

    with pytest.raises(ApiError, match=case.refused):
        by_hand(web, spec, **dict(case.notes))
    made = web.lab.kube.create_with_warnings(pod(web.namespace, unique("ours"), spec))

    assert any(case.ours in one for one in made.warnings), made.warnings
    assert "creds" in [one["name"] for one in made.body["spec"]["volumes"]]
    assert not [one for one in made.body["metadata"].get("annotations", {}) if "vault.hashicorp.com" in one]


def test_the_same_pod_without_the_shape_is_injected_both_ways(web: Shop) -> None:
    """So the refusals above come of the shapes alone."""
    web.decide(VOLUME)
    web.register()

    hand = by_hand(web, volume_spec())
    ours = web.create_pod(volume_spec())

    assert agents(hand) == agents(ours) == {"vault-agent", "vault-agent-init"}


def test_service_account_that_mounts_no_token_is_said(web: Shop) -> None:
    """The pod says nothing of it: the mount is missing when the webhooks are asked."""
    web.lab.kube.merge("v1", "ServiceAccount", ACCOUNT, {"automountServiceAccountToken": False}, web.namespace)
    web.decide(VOLUME)
    web.register()

    with pytest.raises(ApiError, match="failed to find service account volume mount"):
        by_hand(web, volume_spec())
    made = web.lab.kube.create_with_warnings(pod(web.namespace, unique("ours"), volume_spec()))

    assert any("no container mounts the ServiceAccount's token" in one for one in made.warnings), made.warnings
    assert agents(made.body) == set()


@pytest.mark.parametrize(
    ("annotation", "value", "refused"),
    [
        ("agent-limits-cpu", "lots", "quantities"),
        ("agent-init-json-patch", "[{", "json"),
        ("agent-inject", "maybe", "strconv.ParseBool"),
        ("auth-max-backoff", "soon", "duration"),
        ("agent-run-as-user", "root", "strconv"),
    ],
)
def test_value_that_the_injector_parses_is_refused_when_it_is_bad(
    web: Shop, annotation: str, value: str, refused: str
) -> None:
    """Ours come from numbers and JSON of our own: tests/unit/pod/test_clashes.py holds which names there are."""
    with pytest.raises(ApiError, match=refused):
        by_hand(web, volume_spec(), **{annotation: value})


def test_namespace_of_the_system_is_refused_and_left_alone(web: Shop) -> None:
    annotations = vault_annotations(web.role)
    body = pod("kube-system", unique("hand"), {"containers": [{"name": "app", "image": "x"}]}, annotations=annotations)
    body["spec"]["serviceAccountName"] = "default"
    decided = replace(migration("kube-system", web.role, VOLUME), namespace="kube-system")
    web.obey(decided)

    with pytest.raises(ApiError, match="cannot inject into system namespaces"):
        web.lab.kube.create(body)
    sent = review(pod("kube-system", "x", volume_spec()), namespace="kube-system")
    answer = json.loads(web.webhook.post("/mutate/pods", sent).data)["response"]

    assert "patch" not in answer
    assert answer["warnings"] == ["phase2: left alone: the Vault Agent Injector refuses pods in kube-system"]


def test_name_of_a_secret_that_is_too_long_for_annotations_is_shortened(web: Shop) -> None:
    """By hand it is refused; a Secret and a key of 60 letters each move all the same."""
    long = "s" * 60
    spec = volume_spec()
    spec["volumes"][0]["secret"]["secretName"] = long
    decided = migration(web.namespace, web.role, VOLUME)
    web.obey(replace(decided, secret=long))
    web.register()

    with pytest.raises(ApiError, match="must be no more than 63"):
        by_hand(web, volume_spec(), **{f"agent-inject-template-{long}": "x"})
    body = web.create_pod(spec)

    assert agents(body) == {"vault-agent", "vault-agent-init"}
    with web.lab.run_pod(web.namespace, body["metadata"]["name"]) as run:
        run.run_init()
        assert run.read("/etc/db/username", INIT).startswith("v-")


def test_configuration_that_no_process_can_be_given_is_left_alone(web: Shop) -> None:
    """The API server takes the pod; its agent could not start."""
    large = "x" * 60_000
    decided = migration(web.namespace, web.role, VOLUME)
    web.obey(replace(decided, files=tuple(replace(one, template=f"{one.template}{large}") for one in decided.files)))
    web.register()

    hand = by_hand(web, volume_spec(), **{"agent-inject-template-large": large * 2})
    made = web.lab.kube.create_with_warnings(pod(web.namespace, unique("ours"), volume_spec()))

    with web.lab.run_pod(web.namespace, hand["metadata"]["name"]) as run, pytest.raises((LabError, OSError)):
        run.run_init()
    assert any("too large for the agent's configuration" in one for one in made.warnings), made.warnings
    assert agents(made.body) == set()


def test_every_command_that_is_generated_ends_in_a_success(web: Shop) -> None:
    """The init container's agent runs it too, where the app is not there yet: a failure would keep the pod from starting."""
    signal = Rotation(action=RotationAction.SIGNAL, signal="HUP", process="no-such-app")
    decided = migration(web.namespace, web.role, VOLUME)
    web.obey(replace(decided, workloads=tuple(replace(one, rotation=signal) for one in decided.workloads)))
    web.register()

    body = web.create_pod(volume_spec())

    commands = [value for name, value in body["metadata"]["annotations"].items() if "/agent-inject-command-" in name]
    assert commands
    assert all(one.endswith("|| true'") for one in commands)
    with web.lab.run_pod(web.namespace, body["metadata"]["name"]) as run:
        run.run_init()
        assert run.read("/etc/db/username", INIT).startswith("v-")
