"""The fields of a kustomization: which are worked on, which change nothing here, which are not supported.

Source: kustomize api/types/kustomization.go.
"""

from __future__ import annotations

from typing import Final

from injector.manifests.document import items, mapping, text
from injector.manifests.kustomize.session import Layer, Session
from injector.manifests.yamldoc import Map

_WORKED_ON: Final = frozenset(
    {
        "apiVersion", "kind", "metadata", "resources", "bases", "components", "namespace", "namePrefix",
        "nameSuffix", "patches", "patchesStrategicMerge", "patchesJson6902", "configMapGenerator",
        "secretGenerator", "generatorOptions", "labels", "commonLabels", "commonAnnotations", "images",
        "imageTags", "replicas", "replacements", "configurations",
    }
)  # fmt: skip
_WITHOUT_EFFECT: Final = frozenset({"buildMetadata", "crds", "sortOptions", "validators", "inventory", "helmGlobals"})
"""They order, check or decorate; no credential depends on them."""
_UNRESOLVED: Final = {
    "transformers": "transformers are not run; render with kustomize build and pipe the result in",
    "generators": "generators are not run; render with kustomize build and pipe the result in",
    "helmCharts": "the chart is not fetched; render with kustomize build --enable-helm and pipe the result in",
    "helmChartInflationGenerator": "the chart is not fetched; render with kustomize build --enable-helm",
    "vars": "vars are not resolved and $(NAME) stays as it is; use replacements",
    "openapi": "the schema is not read and lists of its kinds are replaced whole by patches",
}


def check_fields(session: Session, layer: Layer) -> None:
    """Name every field that stands in a kustomization and is not worked on."""
    body = layer.body
    for key, value in body.items():
        if key in _WORKED_ON or key in _WITHOUT_EFFECT or value in (None, "", [], {}):
            continue
        at = body.at(key)
        if key == "helmCharts":
            _name_charts(session, layer)
        elif key in _UNRESOLVED:
            session.report(at, "unresolved", f"{key}: {_UNRESOLVED[key]}")
        else:
            session.report(at, "unknown-field", f"{key!r} is no field of a kustomization; correct or remove it")


def _name_charts(session: Session, layer: Layer) -> None:
    for entry in items(layer.body, "helmCharts"):
        chart = mapping(entry)
        at = chart.at("name") if chart else layer.body.at("helmCharts")
        name = text(chart.get("name")) or "?"
        values = text(chart.get("valuesFile"))
        said = f" (values in {values})" if values else ""
        session.report(at, "unresolved", f"helmCharts: {name}{said}: {_UNRESOLVED['helmCharts']}")
        if values:
            session.find_file(layer, values, chart.at("valuesFile"), "valuesFile")


def legacy_images(body: Map) -> Map:
    """Return the kustomization with ``imageTags`` under its present name."""
    if "imageTags" not in body or "images" in body:
        return body
    made = Map(body.path, body.line)
    made.update(body)
    made.lines = dict(body.lines)
    made.put("images", body["imageTags"], body.lines.get("imageTags"))
    return made
