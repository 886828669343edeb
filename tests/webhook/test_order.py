"""The order in which the cluster asks the two webhooks, as tests/live/test_webhook_order.py measures it."""

from __future__ import annotations

import logging

import orjson
import pytest

from injector.pod.model import Json
from tests.lab.waiting import wait_until
from tests.webhook.watch.scripted import ScriptedApi, refused
from webhook.events.occurrences import Occurrence
from webhook.order import Order, judge_order
from webhook.ordering import PATH, OrderWatch

OURS = "pods.phase2.tazlab.net"
THEIRS = "vault.hashicorp.com"


def configuration(name: str, *webhooks: str, policy: str = "Never") -> dict[str, Json]:
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "webhooks": [{"name": one, "reinvocationPolicy": policy} for one in webhooks],
    }


@pytest.mark.parametrize(
    ("bodies", "order"),
    [
        ([configuration("00-phase2", OURS), configuration("vault-agent-injector-cfg", THEIRS)], Order.OK),
        ([configuration("vault-agent-injector-cfg", THEIRS), configuration("00-phase2", OURS)], Order.OK),
        ([configuration("zz-phase2", OURS), configuration("vault-agent-injector-cfg", THEIRS)], Order.INJECTOR_FIRST),
        ([configuration("zz", OURS), configuration("vault", THEIRS, policy="IfNeeded")], Order.OK),
        ([configuration("zz", OURS, policy="IfNeeded"), configuration("vault", THEIRS)], Order.INJECTOR_FIRST),
        ([configuration("one", THEIRS, OURS)], Order.INJECTOR_FIRST),
        ([configuration("one", OURS, THEIRS)], Order.OK),
        ([configuration("m", OURS), configuration("a", THEIRS), configuration("z", THEIRS)], Order.OK),
        ([configuration("Z", OURS), configuration("a", THEIRS)], Order.OK),
        ([configuration("00-phase2", OURS), configuration("x", "other")], Order.NO_INJECTOR),
        ([configuration("vault", THEIRS)], Order.NOBODY_ASKS_US),
        ([{}, {"metadata": 1, "webhooks": [1, {"name": None}]}], Order.NOBODY_ASKS_US),
    ],
)
def test_orders(bodies: list[dict[str, Json]], order: Order) -> None:
    found = judge_order(bodies)

    assert found.order is order
    assert bool(found.message) is (order is not Order.OK)


def answer(*bodies: dict[str, Json]) -> bytes:
    return orjson.dumps({"items": bodies})


RIGHT = answer(configuration("00-phase2", OURS), configuration("vault", THEIRS))
WRONG = answer(configuration("zz-phase2", OURS), configuration("vault", THEIRS))
MISSING = answer(configuration("vault", THEIRS))


class Looking:
    def __init__(self) -> None:
        self.api = ScriptedApi()
        self.told: list[Occurrence] = []
        self.watch = OrderWatch(self.api, self.told.append, period_s=0.01)

    def look(self, *answers: object) -> None:
        for one in answers:
            self.api.answers.append(one)  # type: ignore[arg-type]
            self.watch.look()

    def order(self) -> Order | None:
        return self.watch.judgement.order if self.watch.judgement else None


def test_a_wrong_order_is_logged_once_and_an_event_of_our_configuration(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    looking = Looking()

    looking.look(WRONG, WRONG, RIGHT)

    assert [(one.type, one.regarding.name, one.regarding.uid) for one in looking.told] == [
        ("Warning", "zz-phase2", "uid-zz-phase2"),
        ("Warning", "zz-phase2", "uid-zz-phase2"),
        ("Normal", "00-phase2", "uid-00-phase2"),
    ]
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]
    assert looking.api.asked[0][0] == PATH


def test_a_right_order_is_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    looking = Looking()

    looking.look(RIGHT, RIGHT)

    assert (looking.told, caplog.records, looking.order()) == ([], [], Order.OK)


def test_without_our_configuration_there_is_nothing_to_hang_an_event_on(caplog: pytest.LogCaptureFixture) -> None:
    looking = Looking()

    looking.look(MISSING)

    assert looking.told == []
    assert "webhooks.yaml of deploy/base" in caplog.text


@pytest.mark.parametrize("failure", [refused(403), b"<html>"])
def test_what_cannot_be_read_keeps_what_was_found(failure: object, caplog: pytest.LogCaptureFixture) -> None:
    looking = Looking()

    looking.look(RIGHT, failure, failure)

    assert looking.order() is Order.OK
    assert len(caplog.records) == 1


def test_the_thread_goes_on_looking_and_ends() -> None:
    looking = Looking()
    looking.api.answers.extend([WRONG, RIGHT])

    looking.watch.start()
    # The script ends, which is a bug to the thread; it goes on.
    wait_until(lambda: len(looking.api.asked) > 3, what="the thread went on")
    looking.watch.stop()

    assert looking.order() is Order.OK
    assert not looking.watch._thread.is_alive()
