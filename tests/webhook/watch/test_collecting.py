"""What several watches found, as snapshots; and the watcher that runs them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.cluster import Json
from injector.migration.model import SecretMigration, Stage
from injector.pod.model import Settings
from tests.lab.waiting import wait_until
from tests.unit.pod.making import migration
from tests.webhook.watch.scripted import ScriptedApi, namespace, page, refused, secret_migration
from webhook.state import Holder, Snapshot
from webhook.watch.collecting import Collecting
from webhook.watch.progress import Progress
from webhook.watch.reading import Item, read_item
from webhook.watch.resources import MIGRATIONS, RESOURCES
from webhook.watch.watcher import ClusterWatcher, read_once

NAMESPACES = next(one for one in RESOURCES if one.kind == "Namespace")


class Setting:
    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.collecting = Collecting(Settings(), self.snapshots.append)

    @property
    def last(self) -> Snapshot:
        return self.snapshots[-1]

    def stages(self) -> dict[str, Stage]:
        return {one.name: one.stage for one in self.last.migrations.get("shop", ())}


def item(one: SecretMigration) -> Item:
    return Item(one.namespace, one.name, one)


def broken(name: str) -> Item:
    return Item("shop", name, problem=f"{name}: is broken")


def space(name: str, **labels: str) -> Item:
    body = namespace(name, **labels)
    assert isinstance(body, dict)
    return read_item(NAMESPACES, "v1", body)


def test_a_change_of_one_migration_leaves_other_namespaces_alone() -> None:
    setting = Setting()
    other = replace(migration(name="b"), namespace="other")
    setting.collecting.replace(MIGRATIONS, [item(migration(name="a")), item(other)])
    before = setting.last

    setting.collecting.change(MIGRATIONS, [item(migration(name="a", stage=Stage.RELEASE))])

    assert setting.stages() == {"a": Stage.RELEASE}
    assert setting.last.migrations["other"] is before.migrations["other"]
    assert before.migrations["shop"][0].stage is Stage.INJECT


def test_the_last_migration_of_a_namespace_takes_the_namespace_with_it() -> None:
    setting = Setting()
    setting.collecting.replace(MIGRATIONS, [item(migration(name="a"))])

    setting.collecting.change(MIGRATIONS, [Item("shop", "a"), Item("never", "there")])

    assert setting.last.migrations == {}


@pytest.mark.parametrize("is_list", [True, False])
def test_an_object_that_breaks_keeps_what_it_last_said_until_it_is_mended(*, is_list: bool) -> None:
    setting = Setting()
    setting.collecting.replace(MIGRATIONS, [item(migration(name="a"))])
    take = setting.collecting.replace if is_list else setting.collecting.change

    take(MIGRATIONS, [broken("a")])
    held, problems = setting.stages(), setting.last.problems
    take(MIGRATIONS, [item(migration(name="a", stage=Stage.RETIRE))])

    assert (held, problems) == ({"a": Stage.INJECT}, ("a: is broken",))
    assert (setting.stages(), setting.last.problems) == ({"a": Stage.RETIRE}, ())


def test_a_namespace_that_breaks_keeps_what_it_last_said() -> None:
    setting = Setting()
    setting.collecting.replace(NAMESPACES, [space("shop", a="b"), space("other")])

    setting.collecting.replace(
        NAMESPACES, [Item("", "shop", problem="is broken"), Item("", "new", problem="is broken")]
    )

    assert list(setting.last.cluster.namespaces.in_namespace("")) == ["shop"]


def test_what_changes_nothing_keeps_the_very_objects() -> None:
    setting = Setting()
    setting.collecting.replace(NAMESPACES, [space("shop", a="b")])
    before = setting.last

    setting.collecting.change(NAMESPACES, [space("shop", a="b")])
    setting.collecting.replace(NAMESPACES, [space("shop", a="b")])

    assert setting.last.cluster.namespaces is before.cluster.namespaces


def test_a_snapshot_is_complete_once_and_for_all() -> None:
    setting = Setting()
    setting.collecting.replace(MIGRATIONS, [])
    early = setting.last.is_complete

    setting.collecting.complete()
    setting.collecting.complete()
    setting.collecting.replace(MIGRATIONS, [])

    assert (early, setting.last.is_complete, len(setting.snapshots)) == (False, True, 3)


def test_many_problems_are_counted() -> None:
    setting = Setting()

    setting.collecting.replace(MIGRATIONS, [broken(f"m{number:03}") for number in range(103)])

    assert len(setting.last.problems) == 101
    assert setting.last.problems[-1] == "and 3 more objects that cannot be read"


STEPS = st.lists(
    st.tuples(st.sampled_from(["shop", "other"]), st.sampled_from("ab"), st.sampled_from([*Stage, None])), max_size=10
)


@given(steps=STEPS)
def test_changes_and_a_whole_list_come_to_the_same(steps: Sequence[tuple[str, str, Stage | None]]) -> None:
    changed, listed = Setting(), Setting()
    model: dict[tuple[str, str], SecretMigration] = {}
    changed.collecting.replace(MIGRATIONS, [])
    for where, name, stage in steps:
        if stage is None:
            model.pop((where, name), None)
            changed.collecting.change(MIGRATIONS, [Item(where, name)])
        else:
            model[where, name] = replace(migration(name=name, stage=stage), namespace=where)
            changed.collecting.change(MIGRATIONS, [item(model[where, name])])

    listed.collecting.replace(MIGRATIONS, [item(one) for one in model.values()])

    assert changed.last.migrations == listed.last.migrations
    assert changed.last.count == len(model)


def answers_of(*migrations: SecretMigration) -> ScriptedApi:
    """An API server with migrations and a namespace, and without the operator."""
    api = ScriptedApi()
    api.answers.append(page(*map(secret_migration, migrations)))
    for one in RESOURCES[1:]:
        api.answers.extend([page(namespace("shop"))] if one is NAMESPACES else [refused(404)] * 2)
    return api


def test_everything_is_read_once() -> None:
    snapshot = read_once(answers_of(migration(name="a")), settings=Settings())

    assert (snapshot.count, snapshot.is_complete, snapshot.problems) == (1, True, ())
    assert snapshot.cluster.namespaces.count == 1


def test_a_kind_that_cannot_be_read_is_a_problem() -> None:
    api = answers_of()
    api.answers[0] = refused(403)

    snapshot = read_once(api, settings=Settings())

    assert (snapshot.is_complete, snapshot.problems) == (False, ("SecretMigration: refused: 403",))


def test_the_watcher_completes_the_snapshot_tells_problems_once_and_survives_a_bug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    wrong: dict[str, Json] = {"metadata": {"name": "x", "namespace": "shop"}, "spec": {}}
    api = ScriptedApi()
    api.answers.append(orjson.dumps({"metadata": {"resourceVersion": "1"}, "items": [wrong]}))
    holder = Holder()
    watcher = ClusterWatcher(api, holder, settings=Settings(), resources=[MIGRATIONS])

    watcher.start()  # the script has no stream, which is a bug to the thread
    wait_until(lambda: holder.current.is_complete, what="everything was read")
    wait_until(lambda: any("a bug: IndexError" in one.getMessage() for one in caplog.records), what="the bug is told")
    watcher.stop()

    assert len([one for one in caplog.records if "SecretMigration shop/x" in one.getMessage()]) == 1
    assert [one.kind for one in holder.progress] == ["SecretMigration"]


def test_the_age_is_that_of_the_kind_that_was_silent_longest() -> None:
    holder = Holder()
    holder.progress = (Progress("a", heard_at_s=50.0), Progress("b", heard_at_s=70.0))
    told = holder.age_s(100.0)
    holder.progress[0].heard_at_s = 0.0

    assert (told, holder.age_s(100.0)) == (50.0, 0.0)
