"""The webhook as a FastAPI application: ``create_app(settings)``. Built for any ASGI server, and for tests without one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from starlette.routing import Route

from injector._version import __version__
from injector.convention.known import Proposer
from webhook.answering import Decide
from webhook.endpoint import Receive, ReviewEndpoint, Scope, Send
from webhook.events.sending import EventSender
from webhook.externalsecrets import decide_external_secret
from webhook.logs import LOGGER
from webhook.metrics import Metrics
from webhook.ordering import OrderWatch
from webhook.policies import PolicyFolder
from webhook.remembering import PodDecider
from webhook.settings import Settings
from webhook.state import Holder, Snapshot
from webhook.validation import decide_validation
from webhook.watch.watcher import ClusterWatcher

_LOG: Final = logging.getLogger(LOGGER)
PATHS: Final = {
    "/mutate/pods": ("pods", "Annotate and rewire a pod that opted in"),
    "/mutate/externalsecrets": ("externalsecrets", "Make an ExternalSecret that was released let go of its Secret"),
    "/validate": ("validate", "Let an object in, warn about it, or deny it"),
}
"""Path -> name of the endpoint in metrics, and what it does."""
_LOOK_S: Final = 0.05
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class WebhookApp(FastAPI):
    """A FastAPI application whose reviews are answered before its middleware: that costs as much as a whole answer."""

    def __init__(self, endpoints: Mapping[str, ReviewEndpoint], **more: Any) -> None:
        super().__init__(**more)
        self._endpoints = endpoints
        for path, endpoint in endpoints.items():  # for what does not come by POST
            self.router.routes.append(Route(path, endpoint, methods=["POST"], include_in_schema=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        endpoint = self._endpoints.get(scope.get("path", "")) if scope.get("method") == "POST" else None
        await (endpoint or super().__call__)(scope, receive, send)


def create_app(
    settings: Settings, *, on_ready: Callable[[], object] = lambda: None, patience_s: float = 0.0
) -> FastAPI:
    """Return the application; nothing is read before its lifespan starts.

    Args:
        settings: what it is told.
        on_ready: called once when everything was read.
        patience_s: how long its start waits for that: a server takes no connection before.
    """
    holder, metrics = Holder(Snapshot(settings=settings.pods)), Metrics()
    decides: dict[str, Decide] = {
        "pods": PodDecider(Proposer(settings.config)),
        "externalsecrets": decide_external_secret,
        "validate": partial(decide_validation, rules=settings.rules),
    }
    endpoints = {
        path: ReviewEndpoint(
            name,
            decides[name],
            holder=holder,
            metrics=metrics,
            on_error=settings.on_error,
            read_timeout_s=settings.read_timeout_s,
        )
        for path, (name, _) in PATHS.items()
    }
    app = WebhookApp(
        endpoints,
        title="phase2 admission webhook",
        version=__version__,
        lifespan=partial(_lifespan, holder=holder, settings=settings, on_ready=on_ready, patience_s=patience_s),
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    _add_operations(app, holder, metrics, settings)
    app.openapi = partial(_describe, app)  # type: ignore[method-assign]
    return app


def _add_operations(app: FastAPI, holder: Holder, metrics: Metrics, settings: Settings) -> None:
    @app.get("/healthz", summary="Alive", response_class=Response)
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get(
        "/readyz",
        summary="Ready: everything was read at least once",
        response_class=Response,
        responses={503: {"description": "Not yet"}},
    )
    async def readyz() -> Response:
        if holder.current.is_complete:
            return Response("ok\n", media_type="text/plain")
        return Response("the SecretMigrations are not read yet\n", 503, media_type="text/plain")

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics_page() -> Response:
        certificate = settings.tls.certificate if settings.tls else None
        kept = settings.keeping.folder if settings.keeping else None
        return Response(metrics.render(holder, certificate, kept=kept), media_type=_TEXT)


@asynccontextmanager
async def _lifespan(
    _app: FastAPI, *, holder: Holder, settings: Settings, on_ready: Callable[[], object], patience_s: float
) -> AsyncIterator[None]:
    async with _reading(holder, settings) if settings.policy_dir else _watching(holder, settings):
        telling = asyncio.create_task(_tell_ready(holder, on_ready))
        await asyncio.wait([telling], timeout=patience_s)
        try:
            yield
        finally:
            telling.cancel()


async def _tell_ready(holder: Holder, on_ready: Callable[[], object]) -> None:
    while not holder.current.is_complete:  # noqa: ASYNC110 - it is set by another thread
        await asyncio.sleep(_LOOK_S)
    on_ready()


@asynccontextmanager
async def _reading(holder: Holder, settings: Settings) -> AsyncIterator[None]:
    folder = PolicyFolder(settings.policy_dir, settings.pods)
    await _refresh(folder, holder)
    reader = asyncio.create_task(_look(folder, holder, settings.poll_s))
    try:
        yield
    finally:
        reader.cancel()


@asynccontextmanager
async def _watching(holder: Holder, settings: Settings) -> AsyncIterator[None]:
    """Watch beside the requests."""
    from webhook.api.client import connect  # noqa: PLC0415 - a folder needs no client

    api = connect(settings.cluster)
    watcher = ClusterWatcher(api, holder, settings=settings.pods)
    holder.events = EventSender(api)
    holder.order = OrderWatch(api, holder.events.offer)
    parts = (holder.events, holder.order, watcher)
    for one in parts:
        one.start()
    try:
        yield
    finally:
        for one in parts:
            await asyncio.to_thread(one.stop)


async def _look(folder: PolicyFolder, holder: Holder, poll_s: float) -> None:
    while True:
        await asyncio.sleep(poll_s)
        await _refresh(folder, holder)


async def _refresh(folder: PolicyFolder, holder: Holder) -> None:
    """Read what changed, beside the requests."""
    try:
        snapshot = await asyncio.to_thread(folder.load)
    except Exception as err:  # noqa: BLE001 - what is known goes on to count; the age in the metrics tells
        _LOG.error("a bug: %s while reading the policy folder", type(err).__name__)
        return
    holder.checked_at_s = time.monotonic()
    if snapshot is None:
        return
    holder.current = snapshot
    _LOG.info("SecretMigrations read", extra={"fields": {"count": snapshot.count, "problems": len(snapshot.problems)}})
    for problem in snapshot.problems:
        _LOG.warning("%s", problem)


def _describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; the reviews' endpoints are no routes of FastAPI's, and are described here."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes)
        error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
        made.setdefault("components", {}).setdefault("schemas", {}).update({**_SCHEMAS, "Error": error})
        for path, (name, summary) in PATHS.items():
            made["paths"][path] = {"post": _operation(name, summary)}
        app.openapi_schema = made
    return app.openapi_schema


def _operation(name: str, summary: str) -> dict[str, Any]:
    def content(schema: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}

    refusals = {
        "400": "The body is no AdmissionReview",
        "408": "The body did not come in time",
        "413": "The body is larger than any AdmissionReview",
        "415": "The content type is not application/json",
    }
    return {
        "summary": summary,
        "operationId": f"review_{name}",
        "requestBody": {"required": True, "content": content("AdmissionReviewRequest")},
        "responses": {
            "200": {"description": "The answer", "content": content("AdmissionReviewResponse")},
            **{code: {"description": text, "content": content("Error")} for code, text in refusals.items()},
        },
    }


_HEAD: Final = {
    "apiVersion": {"type": "string", "enum": ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]},
    "kind": {"type": "string", "enum": ["AdmissionReview"]},
}
_SCHEMAS: Final = {
    "AdmissionReviewRequest": {
        "type": "object",
        "description": "admission.k8s.io AdmissionReview, v1 or v1beta1, as the API server sends it.",
        "required": ["apiVersion", "kind", "request"],
        "properties": {
            **_HEAD,
            "request": {
                "type": "object",
                "required": ["uid"],
                "properties": {"uid": {"type": "string", "minLength": 1, "maxLength": 128}},
            },
        },
    },
    "AdmissionReviewResponse": {
        "type": "object",
        "description": "The same kind of object, as it is answered.",
        "required": ["apiVersion", "kind", "response"],
        "properties": {
            **_HEAD,
            "response": {
                "type": "object",
                "required": ["uid", "allowed"],
                "properties": {
                    "uid": {"type": "string"},
                    "allowed": {"type": "boolean"},
                    "patchType": {"type": "string", "enum": ["JSONPatch"]},
                    "patch": {"type": "string", "description": "RFC 6902 as base64."},
                    "warnings": {"type": "array", "items": {"type": "string", "maxLength": 256}},
                    "auditAnnotations": {"type": "object", "additionalProperties": {"type": "string"}},
                    "status": {"type": "object"},
                },
            },
        },
    },
}
