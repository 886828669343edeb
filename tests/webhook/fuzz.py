"""Made-up pods against judges that were written apart from the engine: which must be changed, which denied, which left alone.

``python -m tests.webhook.fuzz 200000`` asks about so many, in two processes; a seed is fixed, so a failure comes again, and a
second argument is another seed. One judge, here, looks at the traits that a pod was made of, never at the pod; the other
(`tests.webhook.judge`) at documents of every shape, and at what each container finds from inside. Neither knows how the engine
decides. One review in ten is broken on its way (`tests.webhook.mangling`), and judged by what must be true of any answer.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import orjson

from injector.inventory.live import as_document
from injector.migration.model import Delivery, SecretMigration, Stage
from injector.migration.parse import parse_migration
from injector.pod.model import Settings as PodSettings
from tests.canary import has_canary
from tests.webhook.drawn import OURS, READS_BY, Traits, World, cluster_with, draw, known_of, make
from tests.webhook.judge import check_moved, must_move
from tests.webhook.mangling import check_mangled, mangle
from tests.webhook.reviews import patched, response, review, snapshot
from tests.webhook.shapes import Case, describe, draw_case
from webhook.answering import answer_review
from webhook.pods import decide_pod
from webhook.review import Outcome
from webhook.state import Snapshot

SEED = 20261124
VERSIONS = ("admission.k8s.io/v1", "admission.k8s.io/v1beta1")
PROCESSES = 2
MOUNTS = ("volume", "projected", "items", "shared")
ENVIRONMENT = ("env", "env-one", "env-from", "env-other")
READS = (*MOUNTS, *ENVIRONMENT)
BROKEN = 0.1
"""Of all reviews."""


def is_asked(world: World, pod: Traits) -> bool:
    """Judge whether the pod is one that anybody looks at."""
    is_default = pod.label is None and world.has_default and pod.namespace == "shop"
    return pod.operation == "CREATE" and (pod.label == "true" or is_default)


def must_change(world: World, pod: Traits) -> bool:
    """Judge whether the pod must get its credentials from the agent."""
    account = pod.account or "default"
    # A pod whose manifest names the Secret no more says by name which migration it wants; another Secret in the same folder
    # would be a second mount there, which no API server takes.
    is_taken = pod.form == "other-secret" and world.delivery is Delivery.FILE
    is_named = world.stage is not None and pod.asks == ("secrets", "db") and not is_taken
    if not (is_asked(world, pod) and pod.trap == "" and pod.namespace == "shop" and (pod.form in READS or is_named)):
        return False
    if pod.asks is not None and not is_met(world, pod.asks, account):
        return False
    if world.stage is not None:
        return world.stage is not Stage.PREPARE and account == "web" and can_take(world, pod)
    # A variable is set before anybody could look whether its app gets along with the shell that sets it.
    return world.secret == "login" and pod.owner != "Cluster" and pod.form in MOUNTS  # noqa: S105 - a word


def is_met(world: World, asks: tuple[str, str], account: str) -> bool:
    """Judge whether what the pod asks for is what it gets."""
    name, text = asks
    if name == "delivery":
        return str(world.delivery) in text.split(",")
    return asks in (("role", f"shop-{account}"), ("secrets", "db"))


def can_take(world: World, pod: Traits) -> bool:
    """Judge whether the migration speaks of every way by which container app reads the Secret, and it can be changed so."""
    if pod.form == "env-other" or (pod.form in ENVIRONMENT and world.delivery is Delivery.FILE):
        return False
    return world.delivery is not Delivery.ENV_WRAPPED or pod.has_command or world.names_command


def must_deny(world: World, pod: Traits) -> bool:
    """Judge whether the pod must be kept out: it asks by its own label for what is surely none."""
    was_here = pod.trap in ("by-hand", "status", "agent", "ours", "forged")
    asks_by_label = is_asked(world, pod) and pod.label == "true" and pod.form in READS and not was_here
    is_committed = world.stage is not None and pod.namespace == "shop"
    is_none = not is_committed and world.secret == "token" and pod.owner != "Cluster"  # noqa: S105 - a word
    return world.is_strict and asks_by_label and is_none and pod.namespace in ("shop", "other")


def check(rng: Random) -> str:
    """Show that a drawn pod is answered as the judge says, and that nothing is lost; return the verdict in a word."""
    world, traits = draw(rng)
    body = make(rng, traits)
    known, decide = known_of(world)
    uid = f"{rng.getrandbits(128):032x}"
    version = rng.choice(VERSIONS)
    sent = review(body, namespace=traits.namespace, operation=traits.operation, version=version, uid=uid)
    if rng.random() < BROKEN:
        check_mangled(
            mangle(rng, sent), partial(answer_review, snapshot=known, decide=decide), has_default=world.has_default
        )
        return "mangled"
    where = (world, traits, body)
    reply = answer_review(sent, known, decide=decide)
    answer = response(reply)
    is_denied, is_changed = must_deny(world, traits), must_change(world, traits)
    assert (reply.status, reply.outcome is Outcome.ERROR) == (200, False), where
    assert answer["allowed"] is not is_denied, where
    assert (answer["uid"], orjson.loads(reply.body)["apiVersion"]) == (uid, version), where
    assert ("patch" in answer) is is_changed, where
    if not is_changed:
        assert is_asked(world, traits) or "warnings" not in answer, where
        assert b"{{ env" not in reply.body, where
        assert answer.get("auditAnnotations", {}).get("outcome") == _noted(answer), where
        return "denied" if is_denied else "left"
    after: dict[str, Any] = patched(body, reply)
    is_kept = traits.form == "env-from" or (  # somebody goes on reading it
        traits.form == "shared" and world.stage is not None and len(body["spec"]["containers"]) > 1
    )
    assert (after["metadata"]["labels"].get(f"{OURS}/eso") == "skip") is not is_kept, where
    assert ("released-secrets" in answer["auditAnnotations"]) is not is_kept, where
    moved = {"app"} if world.stage is not None else {"app", "side-0"}
    _check_kept(body, after, moved, is_read=traits.form in MOUNTS)
    if world.stage is not None:
        _check_environment(world, traits, *(_app_of(one) for one in (body, after)))
    _check_files(world, traits, after["metadata"]["annotations"])
    role = "shop-" + (traits.account or "default")
    assert after["metadata"]["annotations"]["vault.hashicorp.com/role"] == role, where
    again = answer_review(review(after, namespace=traits.namespace), known, decide=decide)
    assert "patch" not in response(again), where
    return "alone" if world.stage is None else str(world.delivery)


def check_shape(rng: Random) -> str:
    """Show that a pod of any shape becomes what its documents say, and nothing of it is lost; return the verdict in a word."""
    case = draw_case(rng)
    known = _known_of(case)
    uid, version = f"{rng.getrandbits(128):032x}", rng.choice(VERSIONS)
    sent = review(case.pod, namespace=case.namespace, operation=case.operation, version=version, uid=uid)
    reply = answer_review(sent, known, decide=decide_pod)
    answer = response(reply)
    where = describe(case)
    assert (reply.status, reply.outcome is Outcome.ERROR, answer["allowed"]) == (200, False, True), where
    assert (answer["uid"], orjson.loads(reply.body)["apiVersion"]) == (uid, version), where
    assert not has_canary("".join(answer.get("warnings", ()))), where
    moved = must_move(case)
    assert ("patch" in answer) is bool(moved), (moved, answer.get("warnings"), where)
    if not moved:
        return "shape left"
    after: dict[str, Any] = patched(case.pod, reply)
    try:
        check_moved(case, after, moved, answer)
    except (AssertionError, LookupError, ValueError) as err:
        raise AssertionError(err, moved, answer.get("warnings"), where, after) from err
    again = response(answer_review(review(after, namespace=case.namespace), known, decide=decide_pod))
    assert ("patch" in again, "warnings" in again) == (False, False), where
    return "shape moved"


def _known_of(case: Case) -> Snapshot:
    made = [parse_migration(as_document(document)) for document in case.migrations]
    read = [one for one in made if isinstance(one, SecretMigration)]
    assert len(read) == len(made), made
    cluster, _ = cluster_with("", has_default=case.has_default, is_strict=False)
    return replace(snapshot(*read), cluster=cluster, settings=PodSettings(audience=case.audience))


def _check_kept(before: dict[str, Any], after: dict[str, Any], moved: set[str], *, is_read: bool) -> None:
    for part in ("containers", "initContainers"):
        old, new = before["spec"].get(part, []), after["spec"].get(part, [])
        assert [one["name"] for one in old] == [one["name"] for one in new]
        for was, now in zip(old, new, strict=True):
            touched = ("volumeMounts", "env", "command") if was["name"] in moved else ()
            assert {**now, **dict.fromkeys(touched)} == {**was, **dict.fromkeys(touched)}
    app = _app_of(after)
    assert not is_read or "creds" not in [one["name"] for one in app.get("volumeMounts", [])]
    injected = after["metadata"]["annotations"]["vault.hashicorp.com/agent-inject-containers"].split(",")
    assert "app" in injected
    assert set(injected) <= moved
    notes = after["metadata"]["annotations"].items()
    templates = [value for key, value in notes if key.startswith("vault.hashicorp.com/agent-inject-template-")]
    assert templates
    assert all("{{" in one for one in templates)
    kept = {key: value for key, value in after["spec"].items() if key not in ("containers", "volumes")}
    assert kept == {key: value for key, value in before["spec"].items() if key not in ("containers", "volumes")}


def _app_of(body: dict[str, Any]) -> dict[str, Any]:
    (app,) = [one for one in body["spec"]["containers"] if one["name"] == "app"]
    return dict(app)


def _noted(answer: dict[str, Any]) -> str | None:
    if not answer["allowed"]:
        return "denied"
    return "warned" if "warnings" in answer else None


def _check_environment(world: World, traits: Traits, was: dict[str, Any], now: dict[str, Any]) -> None:
    """The app finds the paths or the values where its migration says, all else is as it was."""
    values = {one["name"]: one.get("value") for one in now["env"]}
    assert len(values) == len(now["env"])
    assert values["DSN_OPTIONS"] == was["env"][0]["value"]
    assert not any("valueFrom" in one for one in now["env"])
    expected = {"DSN_OPTIONS"}
    if world.delivery is Delivery.ENV_FILE:
        paths = {f"PG_{key}_FILE": f"/vault/secrets/db/{key}" for key in ("password", "user")}
        expected |= set(paths)
        assert paths.items() <= values.items()
        if traits.form == "env-from":  # it goes on setting them
            expected |= {"PG_password", "PG_user"}
            assert values["PG_password"] == values["PG_user"] == ""
    assert set(values) == expected
    if world.delivery is not Delivery.ENV_WRAPPED:
        assert now.get("command") == was.get("command")
        return
    shell, flags, script, _, *own = now["command"]
    assert (shell, flags) == ("/bin/sh", "-ec")
    assert own == was.get("command", ["/entrypoint.sh"])
    assert script.endswith('; exec "$@"')
    for key in ("password", "user"):
        assert f"cat /vault/secrets/db/{key} " in script
        assert f"export PG_{key}=" in script


def _check_files(world: World, traits: Traits, notes: dict[str, str]) -> None:
    """The agent renders each file that the app was told of."""
    agent = "vault.hashicorp.com"
    names = [one.removeprefix(f"{agent}/agent-inject-template-") for one in notes if "/agent-inject-template-" in one]
    rendered = {
        f"{notes.get(f'{agent}/secret-volume-path-{one}', '/vault/secrets')}/{notes[f'{agent}/agent-inject-file-{one}']}"
        for one in names
    }
    expected = set()
    if world.delivery is not Delivery.FILE:
        expected |= {"/vault/secrets/db/password", "/vault/secrets/db/user"}
    if traits.form == "items":
        expected.add("/etc/db/pw")
    elif traits.form in MOUNTS or world.delivery is Delivery.FILE:
        expected |= {"/etc/db/password", "/etc/db/user"}
    if traits.form == "shared" and world.stage is None:
        rendered -= {"/creds/password", "/creds/user"}  # where there is a second container
    assert rendered == expected


FOUND = ("left", "denied", "alone", *map(str, READS_BY), "shape left", "shape moved")
"""What can become of a review that nobody broke; a way is that of a committed migration."""
SHAPES = 0.4
"""Of all pods: those of `tests.webhook.shapes`, the others are of `tests.webhook.drawn`."""


def run(count: int, seed: int) -> dict[str, int]:
    """Check so many pods, and return how many were answered how."""
    rng = Random(seed)  # noqa: S311 - a seed, so that a failure comes again
    found = dict.fromkeys((*FOUND, "mangled"), 0)
    for _ in range(count):
        found[check_shape(rng) if rng.random() < SHAPES else check(rng)] += 1
    return found


def main() -> None:
    """Check so many pods as the first argument says, and print what came of them."""
    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    started = time.monotonic()
    with ProcessPoolExecutor(PROCESSES) as pool:
        parts = list(pool.map(run, [count // PROCESSES] * PROCESSES, range(seed, seed + PROCESSES)))
    total = {name: sum(one[name] for one in parts) for name in parts[0]}
    told = ", ".join(f"{number} {name}" for name, number in total.items())
    print(
        f"{sum(total.values())} made-up pods are answered as the judge says: {told}; {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
