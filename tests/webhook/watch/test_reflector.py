"""One kind, step by step, against a scripted API server: no thread, no time, no network."""

from __future__ import annotations

import logging

import pytest

from injector.errors import ClusterError
from injector.migration.model import SecretMigration
from tests.unit.pod.making import migration
from tests.webhook.watch.scripted import (
    Part,
    Recorded,
    ScriptedApi,
    bookmark,
    error,
    event,
    namespace,
    page,
    refused,
    secret_migration,
    unreachable,
)
from webhook.watch.pace import Pace
from webhook.watch.reflector import Limits, Reflector
from webhook.watch.resources import MIGRATIONS, RESOURCES, Resource

NAMESPACES = next(one for one in RESOURCES if one.kind == "Namespace")
EXTERNAL = next(one for one in RESOURCES if one.kind == "ExternalSecret")


class Setting:
    def __init__(self, *answers: Part, resource: Resource = NAMESPACES) -> None:
        self.api = ScriptedApi()
        self.api.answers.extend(answers)
        self.sink = Recorded()
        self.now_s = 100.0
        self.reflector = Reflector(
            resource, self.api, sink=self.sink, clock=lambda: self.now_s, pace=Pace(lambda: 1.0), limits=Limits(page=2)
        )

    @property
    def progress_failure(self) -> str:
        return self.reflector.progress.failure

    def watch(self, *parts: Part) -> float:
        """Return the pause after a watch that says this."""
        self.api.streams.append(parts)
        return self.reflector.step()

    def listed(self) -> Setting:
        self.reflector.step()
        return self


def test_everything_is_listed_page_by_page_before_any_of_it_counts() -> None:
    setting = Setting(page(namespace("a"), namespace("b"), cont="more"), page(namespace("c"), revision="9"))

    pause_s = setting.reflector.step()

    assert pause_s == 0
    assert [[one.name for one in items] for items in setting.sink.replaced] == [["a", "b", "c"]]
    assert setting.api.asked == [
        ("/api/v1/namespaces", {"limit": "2"}),
        ("/api/v1/namespaces", {"limit": "2", "continue": "more"}),
    ]
    assert setting.reflector.progress.is_synced


def test_a_watch_begins_where_the_list_ended_and_asks_for_bookmarks() -> None:
    setting = Setting(page(revision="9")).listed()

    setting.watch()

    path, query = setting.api.asked[-1]
    assert path == "/api/v1/namespaces"
    assert query == {"watch": "1", "resourceVersion": "9", "allowWatchBookmarks": "true", "timeoutSeconds": "600"}


def test_a_page_that_is_too_old_begins_the_list_anew() -> None:
    setting = Setting(page(namespace("a"), cont="more"), refused(410), page(namespace("b")))

    assert setting.reflector.step() > 0
    setting.reflector.step()

    assert [[one.name for one in items] for items in setting.sink.replaced] == [["b"]]


def test_changes_are_taken_and_a_new_stream_goes_on_from_the_last_of_them() -> None:
    setting = Setting(page()).listed()

    setting.watch(event("ADDED", namespace("a", "2")) + event("DELETED", namespace("b", "3")), bookmark("7"))
    setting.watch()

    (added, deleted) = setting.sink.changed[0]
    assert (added.name, added.value is None, deleted.name, deleted.value) == ("a", False, "b", None)
    assert setting.api.asked[-1][1]["resourceVersion"] == "7"
    assert setting.reflector.progress.lists == 1


def test_a_line_may_come_in_pieces_and_half_a_line_is_not_taken() -> None:
    setting = Setting(page()).listed()
    line = event("ADDED", namespace("a", "2"))

    setting.watch(line[:10], line[10:] + line[:20])

    assert [[one.name for one in items] for items in setting.sink.changed] == [["a"]]


@pytest.mark.parametrize(
    "parts",
    [
        (error(410),),
        (error(400),),
        (b"no json\n",),
        (b"[]\n",),
        (event("SURPRISE", None),),
        (b" " * (16 * 1024 * 1024 + 1),),
    ],
)
def test_what_cannot_be_gone_on_from_is_read_anew(parts: tuple[Part, ...]) -> None:
    setting = Setting(page(namespace("a")), page(namespace("b"))).listed()

    pause_s = setting.watch(*parts)
    setting.reflector.step()

    assert pause_s > 0
    assert [[one.name for one in items] for items in setting.sink.replaced] == [["a"], ["b"]]


def test_a_watch_that_is_refused_as_too_old_is_read_anew() -> None:
    setting = Setting(page(), page()).listed()
    setting.api.streams.append(refused(410))

    setting.reflector.step()
    setting.reflector.step()

    assert setting.reflector.progress.lists == 2


def test_events_before_an_error_count() -> None:
    setting = Setting(page(), page()).listed()

    setting.watch(event("ADDED", namespace("a", "2")) + error(410))

    assert [one.name for one in setting.sink.changed[0]] == ["a"]


@pytest.mark.parametrize("part", [error(429), error(500), unreachable()])
def test_a_stream_that_breaks_is_opened_again_where_it_was(part: Part) -> None:
    setting = Setting(page()).listed()

    pause_s = setting.watch(bookmark("5"), part)
    failure = setting.progress_failure
    setting.watch(bookmark("6"))

    assert pause_s > 0
    assert failure
    assert setting.api.asked[-1][1]["resourceVersion"] == "5"
    assert setting.progress_failure == ""


def test_pauses_grow_to_half_a_minute_and_begin_anew_after_a_word() -> None:
    setting = Setting(*[unreachable()] * 12, page())

    pauses = [setting.reflector.step() for _ in range(12)]
    setting.reflector.step()
    setting.watch(bookmark("2"))
    setting.api.streams.append(unreachable())

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0, 30.0]
    assert setting.reflector.step() == 0.25


def test_a_list_alone_does_not_make_pauses_short_again() -> None:
    """A watch that is always too old must not make an endless row of lists."""
    setting = Setting(page(), page(), page()).listed()

    pauses = []
    for _ in range(3):
        pauses.append(setting.watch(error(410)))
        if len(pauses) < 3:
            setting.reflector.step()

    assert pauses == [0.25, 0.5, 1.0]


def test_a_stream_that_ends_at_once_without_a_word_is_not_opened_again_at_once() -> None:
    setting = Setting(page()).listed()

    assert setting.watch() == 0.25
    assert setting.watch(bookmark("2")) == 0


def test_pauses_are_spread_by_chance() -> None:
    assert Pace(lambda: 0.0).pause_s() == 0.125
    assert 0.125 <= Pace().pause_s() <= 0.25


def test_newer_versions_are_tried_first_and_the_one_that_is_served_is_watched() -> None:
    setting = Setting(refused(404), page(), resource=EXTERNAL).listed()

    setting.watch()

    assert [path for path, _ in setting.api.asked] == [
        "/apis/external-secrets.io/v1/externalsecrets",
        "/apis/external-secrets.io/v1beta1/externalsecrets",
        "/apis/external-secrets.io/v1beta1/externalsecrets",
    ]


def test_without_the_operator_the_webhook_goes_on_and_finds_it_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    setting = Setting(*[refused(404)] * 4, page(), resource=EXTERNAL)

    setting.reflector.step()
    first = (setting.reflector.progress.is_synced, setting.reflector.progress.is_absent, setting.progress_failure)
    setting.reflector.step()
    setting.reflector.step()

    assert first == (True, True, "")
    assert not setting.reflector.progress.is_absent
    assert [one.getMessage() for one in caplog.records if "does not know" in one.getMessage()] == [
        "ExternalSecret: the API server does not know this kind; waiting for its definition"
    ]


def test_the_definition_of_migrations_is_waited_for() -> None:
    setting = Setting(refused(404), page(), resource=MIGRATIONS)

    setting.reflector.step()
    before = setting.reflector.progress.is_synced
    setting.reflector.step()

    assert not before
    assert setting.reflector.progress.is_synced


def test_an_outage_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    setting = Setting(unreachable(), unreachable(), page())

    for _ in range(3):
        setting.reflector.step()

    assert [one.getMessage() for one in caplog.records] == [
        "Namespace: no answer",
        "Namespace: the API server answers again",
        "read from the API server",
    ]


@pytest.mark.parametrize("answer", [b"<html>", b"[]"])
def test_a_list_that_is_none_is_asked_for_again(answer: bytes) -> None:
    setting = Setting(answer, page())

    assert setting.reflector.step() > 0
    assert setting.reflector.step() == 0


def test_a_list_without_a_revision_is_a_failure() -> None:
    setting = Setting(b"{}")

    setting.reflector.step()

    assert "resourceVersion" in setting.progress_failure


def test_a_broken_object_is_an_item_with_a_problem() -> None:
    broken = secret_migration(migration(name="a"))
    assert isinstance(broken, dict)
    broken["spec"] = {"stage": "someday"}
    setting = Setting(page(secret_migration(migration(name="b")), broken, {"kind": "x"}, "text"), resource=MIGRATIONS)

    setting.reflector.step()

    good, bad, headless = setting.sink.replaced[0]
    assert isinstance(good.value, SecretMigration)
    assert bad.value is None
    assert bad.problem.startswith("SecretMigration shop/a: spec.")
    assert "no metadata" in headless.problem


def test_a_stopped_watch_is_not_begun() -> None:
    setting = Setting(page()).listed()
    setting.reflector.stop()

    assert setting.watch(ClusterError("never asked for a piece")) == 0


def test_what_was_forgotten_is_read_again() -> None:
    setting = Setting(page(), page()).listed()
    setting.reflector.forget()

    setting.reflector.step()

    assert setting.reflector.progress.lists == 2


def test_time_of_the_last_word_is_kept() -> None:
    setting = Setting(page()).listed()
    setting.now_s = 130.0

    setting.watch(bookmark("2"))

    assert setting.reflector.progress.heard_at_s == 130.0


def test_a_list_that_is_read_again_leaves_time_for_requests_between_its_pages() -> None:
    setting = Setting(
        page(namespace("a"), cont="more"), page(), page(namespace("a"), cont="more"), page(namespace("b"))
    )
    rests: list[float] = []
    setting.reflector._rest = rests.append
    setting.reflector._clock = iter(range(100)).__next__
    setting.reflector.step()
    first = list(rests)
    setting.reflector.forget()

    setting.reflector.step()

    assert (first, rests) == ([], [1])
