"""What a consumer needs before its credential can move."""

from __future__ import annotations

from injector.knowledge.apps import lookup
from injector.model import WORKLOAD_WAYS, Consumer, How, Readiness


def readiness_of(consumer: Consumer, kind: str) -> tuple[Readiness, tuple[str, ...]]:
    """Return whether a consumer can move, and what is in the way."""
    obstacles: list[str] = []
    if consumer.how not in WORKLOAD_WAYS:
        return Readiness.BLOCKED, (f"{consumer.ref.kind} needs the Secret object; it cannot read a file",)
    container = consumer.container
    names = [container.image, container.name, consumer.chart] if container else [consumer.chart]
    ending = next((lookup("file", name) for name in names if name and lookup("file", name)), "")
    if consumer.how in (How.ENV, How.ENV_FROM):
        if ending and consumer.env:
            obstacles.append(f"reads it from the environment; {consumer.env}{ending} reads it from a file")
        elif consumer.container and consumer.container.command:
            obstacles.append("reads it from the environment; its command can be wrapped to source a file")
        else:
            obstacles.append("reads it from the environment; the image's command must be named to wrap it")
    elif consumer.how is How.HELM_VALUES:
        obstacles.append(f"chart values {consumer.path} name the Secret; the chart must be told to read a file")
    if kind == "database-login" and "redis" in consumer.env.lower():
        obstacles.append("a login without a user name needs an ACL user")
    return (Readiness.NEEDS_CHANGE if obstacles else Readiness.READY), tuple(obstacles)
