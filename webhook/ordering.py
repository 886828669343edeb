"""Looks from time to time whether the cluster's configurations are in an order that works, and tells when they are not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

import orjson

from injector.errors import ClusterError
from webhook.api.port import ApiServer
from webhook.events.occurrences import NORMAL, WARNING, Occurrence, Regarding
from webhook.logs import LOGGER
from webhook.order import Judgement, Order, judge_order

_LOG: Final = logging.getLogger(LOGGER)
_API: Final = "admissionregistration.k8s.io/v1"
PATH: Final = f"/apis/{_API}/mutatingwebhookconfigurations"
_PERIOD_S: Final = 60.0
_END_S: Final = 2.0


class OrderWatch:
    """Looks at the order.

    Args:
        api: the API server.
        tell: takes what is to become an Event.
        period_s: seconds between two looks.

    Attributes:
        judgement: what was found last; None before the first look.
    """

    def __init__(self, api: ApiServer, tell: Callable[[Occurrence], None], *, period_s: float = _PERIOD_S) -> None:
        self.judgement: Judgement | None = None
        self._api = api
        self._tell = tell
        self._period_s = period_s
        self._failure = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="order", daemon=True)

    def start(self) -> None:
        """Start looking; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join(_END_S)

    def look(self) -> None:
        """Look once; what is wrong is told each time (Events of the same are counted), and logged when it is new."""
        try:
            found = orjson.loads(self._api.send("GET", PATH))
        except (ClusterError, orjson.JSONDecodeError) as err:
            text = str(err) if isinstance(err, ClusterError) else f"GET {PATH}: the answer is no JSON"
            if text != self._failure:
                _LOG.warning("order of webhooks: %s", text)
            self._failure = text
            return
        self._failure = ""
        items = found.get("items") if isinstance(found, dict) else None
        self._judge(judge_order([one for one in items if isinstance(one, dict)] if isinstance(items, list) else []))

    def _judge(self, now: Judgement) -> None:
        before, self.judgement = self.judgement, now
        is_new = before is None or before.order is not now.order
        if now.order is not Order.OK:
            if is_new:
                _LOG.warning("order of webhooks: %s", now.message)
            self._event(now, WARNING, "WebhookOrder", now.message)
        elif before is not None and is_new:
            _LOG.info("order of webhooks: it is right again")
            self._event(now, NORMAL, "WebhookOrder", "the order of the webhooks is right again")

    def _event(self, now: Judgement, kind: str, reason: str, message: str) -> None:
        if now.ours:
            about = Regarding(_API, "MutatingWebhookConfiguration", "", now.ours, now.uid)
            self._tell(Occurrence(about, kind, reason, message))

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception as err:  # noqa: BLE001 - the outermost handler of the thread
                _LOG.error("a bug: %s while looking at the order of webhooks", type(err).__name__)
            if self._stop.wait(self._period_s):
                return
