"""Where Helm charts take pod labels, pod annotations and variables, and what they call what they make.

A chart's values stand in a manifest, its templates do not: these places are facts about charts, each with its source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from injector.model import Consumer, How


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is known of a chart, or of one part of it.

    Attributes:
        scope: dotted place of the part in the values (``grafana``); empty for the whole.
        labels: place of the pods' labels, below the scope.
        annotations: place of the pods' annotations, below the scope.
        env: place of literal variables, a mapping name -> value, below the scope; empty when it is none.
        volumes: place of a list of pod volumes that the chart takes as they are; empty when it has none.
        service_account: its pods' ServiceAccount with ``{release}``; empty when unknown.
        container: the container's name; empty when unknown.
        user: user and group of its container by default; None when it has none.
        is_template: annotations go through Helm's ``tpl``, so that their braces must be quoted.
        has_command: ``command`` beside the container's image is taken as it is.
        has_value_maps: a literal variable is a mapping with ``value``, not the value itself.
    """

    scope: str = ""
    labels: str = "podLabels"
    annotations: str = "podAnnotations"
    env: str = ""
    volumes: str = ""
    service_account: str = ""
    container: str = ""
    user: int | None = None
    group: int | None = None
    is_template: bool = False
    has_command: bool = False
    has_value_maps: bool = False


# https://github.com/bitnami/charts template/CHART_NAME/templates/deployment.yaml, from which all of the family are made:
# common.tplvalues.render of podAnnotations, podLabels, command and extraVolumes. These have one component at the root.
_BITNAMI: Final = Chart(volumes="extraVolumes", is_template=True, has_command=True)
_BITNAMI_APPS: Final = (
    "discourse", "drupal", "ghost", "joomla", "keycloak", "matomo", "mediawiki", "moodle", "odoo", "prestashop", "redmine",
    "wordpress",
)  # fmt: skip
# https://github.com/goauthentik/helm charts/authentik/templates/{server,worker}/deployment.yaml: global is merged into both.
_AUTHENTIK: Final = Chart(scope="server", volumes="volumes", container="server")
# https://github.com/8gears/n8n-helm-chart charts/n8n/templates/deployment{,.worker,.webhook}.yaml
_N8N: Final = Chart(scope="main", volumes="extraVolumes", has_command=True, has_value_maps=True)
# https://github.com/grafana/helm-charts/blob/main/charts/grafana/values.yaml; templates/_pod.tpl for what is taken as it is.
_GRAFANA: Final = Chart(
    env="env", volumes="extraContainerVolumes", service_account="{release}", container="grafana", user=472, group=472
)

CHARTS: Final[Mapping[str, tuple[Chart, ...]]] = {
    "grafana": (_GRAFANA,),
    # Its grafana is a subchart: https://github.com/prometheus-community/helm-charts, charts/kube-prometheus-stack
    "kube-prometheus-stack": (replace(_GRAFANA, scope="grafana", service_account="{release}-grafana"),),
    "authentik": (
        _AUTHENTIK,
        replace(_AUTHENTIK, scope="worker", container="worker"),
        Chart(labels="global.podLabels", annotations="global.podAnnotations", volumes="global.volumes"),
    ),
    # https://github.com/codecentric/helm-charts charts/keycloakx/templates/statefulset.yaml
    "keycloakx": (Chart(container="keycloak", is_template=True, has_command=True),),
    # https://github.com/guerzon/vaultwarden charts/vaultwarden/templates/statefulset.yaml
    "vaultwarden": (Chart(),),
    "n8n": (_N8N, replace(_N8N, scope="worker"), replace(_N8N, scope="webhook")),
    # https://github.com/prometheus-community/helm-charts charts/prometheus-postgres-exporter/templates/deployment.yaml
    "prometheus-postgres-exporter": (Chart(annotations="annotations", container="prometheus-postgres-exporter"),),
    **dict.fromkeys(_BITNAMI_APPS, (_BITNAMI,)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where one consumer's pods get their labels and annotations; each a path of keys in the values.

    Attributes:
        labels, annotations, env, volumes: as in `Chart`.
        default_labels, default_annotations: places that count only as long as `labels` or `annotations` does not exist.
        persistence: a mapping of volumes in the form of the app-template; empty when the chart has none.
        controller: of the app-template: whose pods they are.
        is_container: what stands around the consumer is a container, and its ``command`` is taken as it is.
        is_template, has_value_maps: as in `Chart`.
    """

    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    default_labels: tuple[str, ...] = ()
    default_annotations: tuple[str, ...] = ()
    persistence: tuple[str, ...] = ()
    controller: str = ""
    is_container: bool = False
    is_template: bool = False
    has_value_maps: bool = False
    env: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    service_account: str = ""
    container: str = ""
    user: int | None = None
    group: int | None = None


def find_places(chart: str, release: str, place: Sequence[str]) -> Places | None:
    """Return what is known of the pods that a place in a chart's values belongs to.

    Args:
        chart: the chart's name.
        release: the Helm release's name.
        place: keys that lead to the consumer, or to its container, in the values: ``("grafana",)``.
    """
    parts = tuple(place)
    if chart == "app-template":
        return _app_template(parts)
    for one in CHARTS.get(chart, ()):
        scope = tuple(one.scope.split(".")) if one.scope else ()
        if parts[: len(scope)] == scope:
            return Places(
                labels=(*scope, *one.labels.split(".")),
                annotations=(*scope, *one.annotations.split(".")),
                env=(*scope, *one.env.split(".")) if one.env else (),
                volumes=(*scope, *one.volumes.split(".")) if one.volumes else (),
                service_account=one.service_account.format(release=release),
                container=one.container,
                user=one.user,
                group=one.group,
                is_container=one.has_command,
                is_template=one.is_template,
                has_value_maps=one.has_value_maps,
            )
    return None


def literal(places: Places | None, value: str) -> str | dict[str, str]:
    """Return a literal variable as a chart takes it in a mapping of variables."""
    return {"value": value} if places and places.has_value_maps else value


def place_of(consumer: Consumer) -> tuple[str, ...]:
    """Return the keys that lead to a consumer's container, or to its own field, in a chart's values."""
    if consumer.container and consumer.container.place:
        return consumer.container.place
    is_field = consumer.how is How.HELM_VALUES and not consumer.path.startswith("/")
    return tuple(part for part in consumer.path.split(".") if part) if is_field else ()


def _app_template(parts: tuple[str, ...]) -> Places | None:
    """Place a consumer of bjw-s' app-template: ``controllers.<controller>.containers.<container>....``.

    Source: https://github.com/bjw-s-labs/helm-charts charts/library/common/templates/lib, v2 to v4: pod/_getOption.tpl (an
    option of the controller's pods hides the default of the same name), pod/fields/_volumes.tpl,
    container/fields/_command.tpl (a text or a list, as it is).
    """
    match parts:
        case ("controllers", controller, "containers" | "initContainers", container, *_):
            pod = ("controllers", controller, "pod")
            return Places(
                labels=(*pod, "labels"),
                annotations=(*pod, "annotations"),
                default_labels=("defaultPodOptions", "labels"),
                default_annotations=("defaultPodOptions", "annotations"),
                persistence=("persistence",),
                controller=controller,
                is_container=True,
                env=("controllers", controller, parts[2], container, "env"),
                container=container,
            )
        case _:
            return None
