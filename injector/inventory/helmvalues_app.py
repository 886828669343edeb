"""Containers of the bjw-s app-template, which has them as mappings and lays defaults under them.

Source: https://github.com/bjw-s-labs/helm-charts charts/library/common (v2 to v4): ``controllers``,
``defaultContainerOptions`` and ``defaultContainerOptionsStrategy``, and the same of pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from injector.manifests.document import mapping, text
from injector.manifests.yamldoc import Map
from injector.model import PodFacts

_GROUPS = (("initContainers", True), ("containers", False))
_DEFAULTED = ("image", "env", "envFrom", "command", "args")


@dataclass(frozen=True, slots=True)
class AppContainer:
    """A container of an app-template release.

    Attributes:
        controller, name: where it stands.
        path: keys from the release's values.
        body: its values, with the defaults that count for it.
        pod: its pod; an empty ServiceAccount is one that the chart names by rules of its own.
        pod_contexts: mappings that hold its pod's security context, the controller's own first.
    """

    controller: str
    name: str
    path: tuple[str, ...]
    is_init: bool
    body: Map
    pod: PodFacts
    pod_contexts: tuple[Map, ...]


def has_controllers(values: Map) -> bool:
    """Tell whether values are those of an app-template."""
    controllers = values.get("controllers")
    return isinstance(controllers, Map) and any(
        isinstance(controller, Map) and isinstance(controller.get("containers"), Map)
        for controller in controllers.values()
    )


def iter_containers(values: Map) -> Iterator[AppContainer]:
    """Yield the containers of every enabled controller."""
    for controller, body in mapping(values, "controllers").items():
        if not isinstance(body, Map) or body.get("enabled") is False:
            continue
        options = _pod_options(body, values)
        pod = _pod_facts(body, options, values)
        for group, is_init in _GROUPS:
            for name, container in mapping(body, group).items():
                if isinstance(container, Map) and container.get("enabled") is not False:
                    path = ("controllers", controller, group, name)
                    made = _with_defaults(container, body, values, is_init=is_init)
                    yield AppContainer(controller, name, path, is_init, made, pod, _contexts(options, values))


def _pod_options(controller: Map, values: Map) -> tuple[Map, ...]:
    """Return the mappings in which an option of a controller's pods is looked up.

    An option of the controller hides the default of the same name, unless ``defaultPodOptionsStrategy`` is "merge".
    Source: templates/lib/pod/_getOption.tpl.
    """
    return mapping(controller, "pod"), mapping(values, "defaultPodOptions")


def _contexts(options: tuple[Map, ...], values: Map) -> tuple[Map, ...]:
    """Return those of the options whose security context counts."""
    own, defaults = options
    is_alone = mapping(own, "securityContext") and values.get("defaultPodOptionsStrategy") != "merge"
    return (own,) if is_alone else (own, defaults)


def _pod_facts(controller: Map, options: tuple[Map, ...], values: Map) -> PodFacts:
    """Return what is known of a controller's pods. Only a token that is said to be off is off: versions differ."""

    def first(key: str) -> object:
        return next((one[key] for one in options if key in one), None)

    return PodFacts(
        service_account=_account(controller, values),
        has_token=first("automountServiceAccountToken") is not False,
        is_host_network=first("hostNetwork") is True,
        is_job=controller.get("type") in ("cronjob", "job"),
    )


def _account(controller: Map, values: Map) -> str:
    """Return the ServiceAccount of a controller's pods, empty when the chart makes it and names it.

    Source: templates/lib/pod/fields/_serviceAccountName.tpl of versions 1 to 4.
    """
    own = mapping(controller, "serviceAccount")
    if own:
        return text(own.get("name"))
    accounts = mapping(values, "serviceAccount")
    if isinstance(accounts.get("create"), bool):
        return text(accounts.get("name")) or ("" if accounts["create"] else "default")
    made = [one for one in accounts.values() if isinstance(one, Map) and one.get("enabled") is not False]
    return "" if made else "default"


def _with_defaults(container: Map, controller: Map, values: Map, *, is_init: bool) -> Map:
    made = container
    for owner in (controller, values):
        defaults = mapping(owner, "defaultContainerOptions")
        if not defaults or (is_init and owner.get("applyDefaultContainerOptionsToInitContainers") is False):
            continue
        # "overwrite" is the default strategy: a field that the container has is the container's alone.
        is_merge = owner.get("defaultContainerOptionsStrategy") == "merge"
        made = _lay_under(made, defaults, is_merge=is_merge, keys=_DEFAULTED)
    return made


def _lay_under(container: Map, defaults: Map, *, is_merge: bool, keys: tuple[str, ...] | None) -> Map:
    """Return `container` with the fields of `defaults` (only `keys` of them, None for all) under its own."""
    made = Map(container.path, container.line)
    for key, value in defaults.items():
        if keys is None or key in keys:
            made.put(key, value, defaults.at(key))
    for key, value in container.items():
        below = made.get(key)
        if is_merge and isinstance(below, Map) and isinstance(value, Map):
            made.put(key, _lay_under(value, below, is_merge=True, keys=None), container.at(key))
        else:
            made.put(key, value, container.at(key))
    return made
