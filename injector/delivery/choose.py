"""For one consumer of a credential that moves: how its container gets the value, or why it can't.

Pure. What stands in the way is said in words; nothing is guessed: an app that reads only the environment, and whose
command nobody names, stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from injector.config.model import Config
from injector.knowledge.filevariables import find_file_variable
from injector.knowledge.shells import has_no_shell
from injector.migration.model import Delivery, Read
from injector.model import Consumer, How

FOLDER: Final = "/vault/secrets"
"""The injector's own default. Source: vault-k8s agent-inject/agent/annotations.go, ``secret-volume-path``@v1.6.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a consumer gets.

    Attributes:
        reads: what its container reads; empty when it can't move.
        change: what must change in the workload's manifest, in words; empty when the webhook alone does it.
        refusal: why it can't move, and what would help; empty when it can.
    """

    reads: tuple[Read, ...] = ()
    change: str = ""
    refusal: str = ""


def choose(consumer: Consumer, moved: Sequence[str], stays: Sequence[str], config: Config) -> Choice:
    """Choose how a consumer gets the moved keys of its Secret.

    Args:
        consumer: a container of a workload, or chart values that become one.
        moved: the Secret's keys that move.
        stays: its keys that do not.
        config: what the user knows of apps.
    """
    match consumer.how:
        case How.VOLUME:
            return _volume(consumer, moved, stays)
        case How.ENV:
            return _variable(consumer, consumer.key, consumer.env, config)
        case How.ENV_FROM:
            return _all_variables(consumer, moved, config)
        case How.HELM_VALUES:
            return _chart(consumer, moved, config)
        case _:
            return Choice(
                refusal=f"{consumer.ref.kind} needs the Secret object itself; only its own operator can change that"
            )


def file_of(secret: str, key: str) -> str:
    """Return the path at which a key is rendered when nothing else names one."""
    return f"{FOLDER}/{secret}/{key}"


def _volume(consumer: Consumer, moved: Sequence[str], stays: Sequence[str]) -> Choice:
    if not consumer.path:
        return Choice(refusal="the volume is mounted by no container that is known; name the mount in the manifest")
    if consumer.beside:
        others = ", ".join(consumer.beside)
        return Choice(
            refusal=f"its volume joins the Secret with {others} in one folder ({consumer.path}); give the Secret a volume of its own"
        )
    if consumer.key:
        read = Read(
            key=consumer.key,
            delivery=Delivery.FILE,
            path=consumer.path,
            mode=consumer.mode,
            is_single=consumer.is_single,
        )
        return Choice(reads=(read,))
    if stays:
        names = ", ".join(stays)
        return Choice(
            refusal=f"the folder {consumer.path} also holds {names}, which stay; give the volume `items` with the keys it needs"
        )
    return (
        Choice(
            reads=(Read(key="*", delivery=Delivery.FILE, path=consumer.path.rstrip("/") or "/", mode=consumer.mode),)
        )
        if moved
        else Choice()
    )


def _variable(consumer: Consumer, key: str, env: str, config: Config) -> Choice:
    """Choose for one variable: the app's own variable for a file, else a wrapped command."""
    path = file_of(consumer.secret, key)
    file_env = file_variable(consumer, env, config)
    if file_env:
        read = Read(key=key, delivery=Delivery.ENV_FILE, path=path, env=env, file_env=file_env)
        return Choice(reads=(read,), change=f"set {file_env} to {path} in place of {env}")
    image = consumer.container.image if consumer.container else ""
    if has_no_shell(image):
        return Choice(
            refusal=f"{_who(consumer)} reads {env or key} from the environment, and its image has no shell that could set it; say "
            "under apps in phase2.yaml by which variable (fileEnv, fileSuffix) it reads a file, or use an image with a shell"
        )
    if find_command(consumer, config):
        read = Read(key=key, delivery=Delivery.ENV_WRAPPED, path=path, env=env)
        return Choice(reads=(read,))
    return Choice(refusal=f"{_who(consumer)} reads {env or key} from the environment; {_HELP}")


_HELP: Final = (
    "name the image's command in the manifest, or under apps in phase2.yaml, so that it can be wrapped, or say there by which "
    "variable (fileEnv, fileSuffix) the app reads a file"
)


def _all_variables(consumer: Consumer, moved: Sequence[str], config: Config) -> Choice:
    """Choose for ``envFrom``: each moved key is a variable of the same name behind the prefix."""
    for key in moved:
        if is_exclusive(consumer, f"{consumer.env}{key}", config):
            # envFrom goes on setting the old variable as long as the Secret is there.
            why = f"{_who(consumer)} refuses to start with {consumer.env}{key} beside its variable for a file; name the keys under env"
            return Choice(refusal=f"{why}, not by envFrom")
    choices = [_variable(consumer, key, f"{consumer.env}{key}", config) for key in moved]
    refusal = next((one.refusal for one in choices if one.refusal), "")
    if refusal:
        return Choice(refusal=refusal)
    return Choice(
        reads=tuple(read for one in choices for read in one.reads),
        change="; ".join(dict.fromkeys(one.change for one in choices if one.change)),
    )


def _chart(consumer: Consumer, moved: Sequence[str], config: Config) -> Choice:
    """Choose for chart values that name a Secret: what the chart makes of it is known only where the user says so."""
    if consumer.env and consumer.key:
        return _variable(consumer, consumer.key, consumer.env, config)
    if find_command(consumer, config):
        reads = [
            Read(key=key, delivery=Delivery.ENV_WRAPPED, path=file_of(consumer.secret, key), env=key) for key in moved
        ]
        return Choice(reads=tuple(reads))
    return Choice(
        refusal=f"the chart's values {consumer.path} name the Secret, and what the chart makes of it stands in the chart; say "
        "under apps in phase2.yaml which command its image runs, so that it can be wrapped"
    )


def file_variable(consumer: Consumer, env: str, config: Config) -> str:
    """Return the app's variable that names a file to read `env` from, empty when none is known."""
    container = consumer.container
    image = container.image if container else ""
    own = config.find_app(image, consumer.chart)
    if own and own.file_variable(env):
        return own.file_variable(env)
    known = find_file_variable(image, consumer.chart, env)
    # Some apps take the path inside of another value (a URL); only a plain path is written here.
    return known.name if known and known.is_plain else ""


def is_exclusive(consumer: Consumer, env: str, config: Config) -> bool:
    """Tell whether the app ends when a variable stands beside the one that names its file."""
    image = consumer.container.image if consumer.container else ""
    own = config.find_app(image, consumer.chart)
    known = find_file_variable(image, consumer.chart, env)
    return bool(known and known.is_exclusive and not (own and own.file_variable(env)))


def find_command(consumer: Consumer, config: Config) -> tuple[str, ...]:
    """Return the words of the command that a wrapper would run, empty when nobody names it.

    Of a manifest that names its own command only the fact is known (``("",)``): the pod has the words.
    """
    if consumer.container and consumer.container.has_command:
        return ("",)
    app = config.find_app(consumer.container.image if consumer.container else "", consumer.chart)
    return app.command if app else ()


def _who(consumer: Consumer) -> str:
    name = consumer.container.name if consumer.container else ""
    return f"container {name}" if name else str(consumer.ref)
