"""Events: of which answers and about what, and no more than client-go would write."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from injector.pod.model import Json
from tests.lab.waiting import wait_until
from tests.webhook.watch.scripted import ScriptedApi, refused
from webhook.api.port import JSON, MERGE_PATCH
from webhook.events.correlating import Correlator, Write
from webhook.events.occurrences import Occurrence, Regarding, find_occurrence
from webhook.events.sending import EventSender, render_event
from webhook.review import Answer, Outcome, Request

OWNER: Json = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u", "controller": True}
WEB = Regarding("apps/v1", "ReplicaSet", "shop", "web-1", "u")
WARNED = Answer(Outcome.WARNED, warnings=("phase2: left alone: a", "phase2: b"))


def request(
    *, kind: str = "Pod", is_dry_run: bool = False, body: dict[str, Json] | None = None, **metadata: Json
) -> Request:
    made = {"metadata": {**metadata}} if body is None else body
    return Request("admission.k8s.io/v1", "uid", "shop", "CREATE", kind, made, is_dry_run=is_dry_run)


def occurrence(message: str = "m", *, name: str = "web-1", reason: str = "LeftAlone") -> Occurrence:
    return Occurrence(replace(WEB, name=name), "Warning", reason, message)


def test_a_warned_pod_is_told_of_at_what_makes_it() -> None:
    other: Json = {**OWNER, "controller": False, "name": "x"}  # type: ignore[dict-item]

    found = find_occurrence(request(generateName="web-1-", ownerReferences=[other, OWNER]), WARNED)

    assert found == Occurrence(WEB, "Warning", "LeftAlone", "phase2: left alone: a; phase2: b")


def test_a_pod_of_its_own_is_told_of_by_its_name() -> None:
    found = find_occurrence(request(name="x"), WARNED)

    assert found is not None
    assert found.regarding == Regarding("v1", "Pod", "shop", "x")


@pytest.mark.parametrize(
    ("kind", "outcome", "told"),
    [
        ("Pod", Outcome.MUTATED, ("Normal", "SecretsMoved")),
        ("Pod", Outcome.DENIED, ("Warning", "Denied")),
        ("ExternalSecret", Outcome.MUTATED, ("Normal", "Released")),
        ("ExternalSecret", Outcome.WARNED, ("Warning", "LeftAlone")),
    ],
)
def test_each_outcome_has_its_reason(kind: str, outcome: Outcome, told: tuple[str, str]) -> None:
    found = find_occurrence(request(kind=kind, name="x"), Answer(outcome, message="no" * (outcome is Outcome.DENIED)))

    assert found is not None
    assert (found.type, found.reason) == told


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (request(name="x"), Answer()),
        (request(name="x"), Answer(Outcome.ERROR, warnings=("a bug",))),
        (request(name="x", is_dry_run=True), WARNED),
        (request(generateName="x-"), WARNED),
        (request(kind="Secret", name="x"), WARNED),
        (request(body={"metadata": "x"}), WARNED),
    ],
)
def test_what_changed_nothing_or_has_no_name_is_not_told(asked: Request, answer: Answer) -> None:
    assert find_occurrence(asked, answer) is None


def test_a_long_message_is_cut_to_what_the_api_server_takes() -> None:
    found = find_occurrence(request(name="x"), Answer(Outcome.WARNED, warnings=("x" * 2000,)))

    assert found is not None
    assert len(found.message) == 1024


def test_the_same_again_is_counted_and_not_written_anew() -> None:
    correlator = Correlator("seed")

    first = correlator.take(occurrence(), 1.0)
    again = correlator.take(occurrence(), 5.0)

    assert first is not None
    assert again == replace(first, count=2, last_s=5.0)


def test_many_alike_become_one() -> None:
    correlator = Correlator("seed")

    written = [correlator.take(occurrence(f"m{number:02}"), 1.0) for number in range(14)]

    names = {one.name for one in written if one}
    combined = [one for one in written if one and one.occurrence.message.startswith("(combined")]
    assert len(names) <= 11
    assert [one.count for one in combined] == [1, 2, 3, 4]


def test_similar_ones_are_told_apart_again_after_ten_minutes() -> None:
    correlator = Correlator("seed")
    for number in range(11):
        correlator.take(occurrence(f"m{number}"), 0.0)

    later = correlator.take(occurrence("new"), 700.0)

    assert later is not None
    assert later.occurrence.message == "new"


def test_one_object_gets_no_more_than_25_at_once_and_others_theirs() -> None:
    correlator = Correlator("seed")

    written = [correlator.take(occurrence(), 0.0) for _ in range(30)]

    assert len([one for one in written if one]) == 25
    assert correlator.take(occurrence(name="other"), 0.0) is not None
    assert correlator.take(occurrence(), 299.0) is None
    assert correlator.take(occurrence(), 301.0) is not None


def test_what_is_gone_is_written_anew() -> None:
    correlator = Correlator("seed")
    correlator.take(occurrence(), 0.0)
    correlator.forget(occurrence())

    again = correlator.take(occurrence(), 1.0)

    assert again is not None
    assert again.count == 1


@given(
    storm=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.floats(0, 60)), min_size=1, max_size=300)
)
def test_no_storm_writes_more_than_its_share(storm: list[tuple[str, int, float]]) -> None:
    correlator = Correlator("seed")
    now_s = 0.0
    written: list[Write] = []
    for name, number, gap_s in storm:
        now_s += gap_s
        made = correlator.take(occurrence(f"m{number}", name=name), now_s)
        written += [made] if made else []

    per_object = {name: [one for one in written if one.occurrence.regarding.name == name] for name in "abc"}
    assert all(len(group) <= 25 + now_s / 300 + 1 for group in per_object.values())
    assert len({one.name for one in written if one.count == 1}) == len([one for one in written if one.count == 1])


def test_memory_of_what_was_told_is_bounded() -> None:
    correlator = Correlator("seed")

    for number in range(5000):
        correlator.take(occurrence(name=f"p{number}"), 0.0)

    assert len(correlator._buckets) == len(correlator._similar) == len(correlator._written) == 4096


def test_an_event_has_what_the_api_server_asks_for() -> None:
    event = render_event(Write(occurrence(), "web-1.1", 2, 0.0, 60.0))

    assert event["involvedObject"] == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "namespace": "shop",
        "name": "web-1",
        "uid": "u",
    }
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z")
    assert event["metadata"] == {"name": "web-1.1", "namespace": "shop"}


class Sending:
    def __init__(self, *answers: bytes | Exception) -> None:
        self.api = ScriptedApi()
        self.api.answers.extend(answers)  # type: ignore[arg-type]
        self.sender = EventSender(self.api, clock=lambda: 1.0, pause=lambda _: False)

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.api.sent]


def test_a_new_one_is_created_and_the_next_of_the_same_changes_it() -> None:
    sending = Sending(b"{}", b"{}")

    sending.sender.send(occurrence())
    sending.sender.send(occurrence())

    assert sending.methods() == [f"POST {JSON}", f"PATCH {MERGE_PATCH}"]
    assert sending.api.sent[1][2] == {"count": 2, "lastTimestamp": "1970-01-01T00:00:01Z"}
    assert sending.sender.written == 2


def test_one_that_the_api_server_has_thrown_away_is_created_again() -> None:
    sending = Sending(b"{}", refused(404), b"{}")

    sending.sender.send(occurrence())
    sending.sender.send(occurrence())

    assert sending.methods()[1:] == [f"PATCH {MERGE_PATCH}", f"POST {JSON}"]


def test_an_object_without_a_namespace_is_told_of_in_default() -> None:
    sending = Sending(b"{}")

    sending.sender.send(Occurrence(Regarding("v1", "Namespace", "", "shop"), "Normal", "X", "m"))

    assert sending.api.sent[0][1] == "/api/v1/namespaces/default/events"


def test_what_is_refused_is_told_once_and_lost(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sending = Sending(refused(403), refused(403), b"{}", refused(409))

    for number in range(4):
        sending.sender.send(occurrence(f"m{number}"))

    assert [one.getMessage() for one in caplog.records] == ["an Event is lost: refused: 403"]
    assert (sending.sender.written, sending.sender.dropped) == (2, 2)


def test_nobody_waits_when_too_many_wait_already() -> None:
    sending = Sending()

    for _ in range(1003):
        sending.sender.offer(occurrence())

    assert sending.sender.dropped == 3


def test_the_thread_writes_what_is_offered_survives_a_bug_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    sending = Sending(b"{}")
    sending.sender.start()
    sending.sender.offer(occurrence("a"))
    sending.sender.offer(occurrence("b"))  # the script has no answer, which is a bug to the thread

    wait_until(lambda: any("a bug: IndexError" in one.getMessage() for one in caplog.records), what="the bug is told")
    sending.sender.stop()

    assert sending.sender.written == 1
    assert "events" not in [one.name for one in threading.enumerate()]
