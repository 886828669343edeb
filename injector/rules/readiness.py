"""What a consumer needs before its credential can move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from injector.config.model import Config
from injector.knowledge.filevariables import FileVariable, find_file_variable
from injector.model import WORKLOAD_WAYS, Consumer, ContainerFacts, How, Readiness
from injector.rules.readers import is_provisioner, server_reader

_KEEP: Final = "it needs a Secret of its own that stays with the External Secrets Operator"
_BLOCKED: Final = {
    How.INGRESS_TLS: "an ingress controller reads the Secret object",
    How.IMAGE_PULL: "images are pulled with the Secret object, before a pod runs",
    How.SERVICE_ACCOUNT: "images are pulled with the Secret object, before a pod runs",
    How.HELM_VALUES_FROM: "values are read from the Secret object when the release is made, before a pod runs",
    How.FLUX_SUBSTITUTE: "variables are read from the Secret object before anything is deployed",
    How.COPY: "a tool copies the Secret object elsewhere; its readers are there",
    How.STORE_AUTH: "a secret store logs in with the Secret object",
    How.PUSH: "a PushSecret copies the Secret object to a store",
    How.TEMPLATE_FROM: "an ExternalSecret makes keys of its own from the Secret object",
}
_CHART: Final = "its pods are made by a chart: the annotations must be set through the chart's values (podAnnotations)"


@dataclass(frozen=True, slots=True)
class Need:
    """What a credential asks of its readers.

    Attributes:
        keys: the Secret keys of the credential.
        lacks_user: it is a password without a user name, and the system takes logins without one.
        is_open: the Secret may hold keys that nobody names.
    """

    keys: tuple[str, ...]
    lacks_user: bool = False
    is_open: bool = False


def readiness_of(consumer: Consumer, need: Need, config: Config) -> tuple[Readiness, tuple[str, ...]]:
    """Return whether a consumer can move, and what is in the way, the most basic first."""
    blocked = _why_blocked(consumer, config)
    if blocked:
        return Readiness.BLOCKED, (blocked,)
    obstacles = list(dict.fromkeys(_obstacles(consumer, need, config)))
    return (Readiness.NEEDS_CHANGE if obstacles else Readiness.READY), tuple(obstacles)


def _why_blocked(consumer: Consumer, config: Config) -> str:
    if consumer.how is How.CUSTOM_RESOURCE:
        return f"the operator of {consumer.ref.kind} reads the Secret object that {consumer.path} names; {_KEEP}"
    if consumer.how not in WORKLOAD_WAYS:
        return f"{_BLOCKED.get(consumer.how, 'it reads the Secret object')}; {_KEEP}"
    system = server_reader(consumer, config)
    if system:
        return f"it is the {system} server itself: it keeps this password, and its clients get logins of their own"
    return ""


def _obstacles(consumer: Consumer, need: Need, config: Config) -> list[str]:
    found: list[str] = []
    if is_provisioner(consumer):
        return ["it makes the role that Vault will make: remove this container when the app moves"]
    if consumer.pod and not consumer.pod.has_token:
        found.append("automountServiceAccountToken is false: the Vault Agent needs a projected token to log in with")
    if consumer.how in (How.ENV, How.ENV_FROM):
        found += filter(None, (_from_environment(consumer, one, config) for one in _variables(consumer, need)))
    elif consumer.how is How.HELM_VALUES:
        found.append(f"the chart reads the Secret that {consumer.path} names: it must be told to read a file instead")
    elif consumer.container is None and consumer.how is How.VOLUME and not consumer.path and not consumer.chart:
        found.append("no container mounts the volume, and the pod does not start without its Secret: remove it")
    elif consumer.container is None and not consumer.chart:
        found.append(f"an operator makes the pods of {consumer.ref.kind}: it must pass on the annotations")
    if consumer.how is How.VOLUME and not consumer.key and need.is_open:
        found.append(
            "it mounts all of the Secret, which may hold keys that nobody names: it must name the keys it needs"
        )
    if consumer.beside:
        found.append(
            f"its volume joins the Secret with {', '.join(consumer.beside)}: the Secret needs a volume of its own"
        )
    if consumer.chart:
        found.append(_CHART)
    if need.lacks_user:
        found.append("it logs in without a user name: Vault makes an ACL user, whose name the app must be told")
    return found


def _variables(consumer: Consumer, need: Need) -> list[str]:
    if consumer.how is How.ENV:
        return [consumer.env]
    return [f"{consumer.env}{key}" for key in need.keys if key != "*"] or [""]


def _from_environment(consumer: Consumer, variable: str, config: Config) -> str:
    """Return what must change for a variable; empty where the webhook alone gives the app a file in its place."""
    container = consumer.container
    image = container.image if container else ""
    app = config.find_app(image, consumer.chart)
    named = app.file_variable(variable) if app and variable else ""
    known = find_file_variable(image, consumer.chart, variable) if variable and not named else None
    # Whether a chart's pods have the variable at all is the chart's business.
    if (
        container
        and image
        and not consumer.chart
        and (named or (known and _is_surely_read(known, consumer, container)))
    ):
        return ""
    reads = f"reads {variable} from the environment" if variable else "reads it from the environment"
    if known and known.value != "{path}":
        return f"{reads}; {known.name}={known.value.format(path='<file>')} reads it from a file"
    if named or known:
        return f"{reads}; {named or (known.name if known else '')} names a file to read instead"
    if container and container.has_command:
        return f"{reads}; its command can be wrapped so that it sources a rendered file"
    return f"{reads}; its command must be written in the manifest, wrapped so that it sources a rendered file"


def _is_surely_read(known: FileVariable, consumer: Consumer, container: ContainerFacts) -> bool:
    """Tell whether an app takes the file for sure: many images do it in their entrypoint, whose place a manifest's command takes."""
    is_refused = known.is_exclusive and consumer.how is How.ENV_FROM
    return known.is_plain and known.is_certain and not container.has_command and not is_refused
