"""Flux ``postBuild`` variables, and what of a Kustomization is read."""

from __future__ import annotations

import pytest

from injector.location import Location
from injector.manifests.document import Resource
from injector.manifests.flux import Substitution, collect_variables, read_kustomization
from injector.manifests.yamldoc import Map
from tests.unit.manifests.kustomize.trees import at, yaml_map

HERE = Location("x.yaml", 3)


def substituted(value: str, **variables: str) -> tuple[str, list[str]]:
    substitution = Substitution(variables)
    return substitution.replace(value, HERE), sorted(substitution.unknown)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${A}", "1"),
        ("x-${A}-${B}", "x-1-two"),
        ("${A:=9}", "1"),
        ("${NONE:=9}", "9"),
        ("${NONE:-a/b:c}", "a/b:c"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", "d"),
        ("${EMPTY=d}", "d"),
        ("${EMPTY}", ""),
        ("${NONE:=}", ""),
        ("${NONE:=${B}}", "two"),
        ("${NONE:=x-${B}-${A}}", "x-two-1"),
        ("$${A}", "${A}"),
        ("$${A} ${A}", "${A} 1"),
        ("$A", "$A"),
        ("$(A)", "$(A)"),
        ("${}", "${}"),
        ("${A-B}", "1"),
        ("${1A}", "${1A}"),
        ("{{ .A }}", "{{ .A }}"),
        ("${NONE:={a: 1}}", "{a: 1}"),
    ],
)
def test_a_known_variable_is_replaced_as_flux_does(written: str, expected: str) -> None:
    """Source: github.com/fluxcd/pkg/envsubst, which takes ``=``, ``:=`` and ``:-`` alike."""
    assert substituted(written, A="1", B="two", EMPTY="") == (expected, [])


@pytest.mark.parametrize("written", ["${NONE}", "x-${NONE}", "${NONE:?needed}", "${NONE/a/b}", "${NONE:=${NONE}}"])
def test_an_unknown_variable_is_kept_and_reported(written: str) -> None:
    expected = "${NONE}" if ":=" in written else written

    assert substituted(written) == (expected, ["NONE"])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${#V}", "12"),
        ("${V^}", "AbcdEFGH28ij"),
        ("${V^^}", "ABCDEFGH28IJ"),
        ("${CAPITALS,}", "aBC"),
        ("${CAPITALS,,}", "abc"),
        ("${V:8}", "28ij"),
        ("${V:4:4}", "EFGH"),
        ("${V:0:-2}", "abcdEFGH28"),
        ("${V:99}", ""),
        ("${V:x}", "abcdEFGH28ij"),
        ("${PATH_#*/}", "to/file.tar.gz"),
        ("${PATH_##*/}", "file.tar.gz"),
        ("${PATH_%.*}", "path/to/file.tar"),
        ("${PATH_%%.*}", "path/to/file"),
        ("${PATH_%nothing}", "path/to/file.tar.gz"),
        ("${TWICE/abc/xyz}", "xyz-abc"),
        ("${TWICE//abc/xyz}", "xyz-xyz"),
        ("${TWICE/#abc/xyz}", "xyz-abc"),
        ("${TWICE/%abc/xyz}", "abc-xyz"),
        ("${TWICE/#/in-}", "in-abc-abc"),
        ("${TWICE/-/}", "abcabc"),
        (r"${PATH_//\//-}", "path-to-file.tar.gz"),
        ("${TWICE/abc/${CAPITALS}}", "ABC-abc"),
        ("${NONE:=${CAPITALS,,}}", "abc"),
        ("${NONE:+abc}", "abc"),
        ("${CAPITALS:?needed}", "ABC"),
    ],
)
def test_a_known_variable_is_cut_and_changed_as_flux_does(written: str, expected: str) -> None:
    """Source: fluxcd/pkg/envsubst/eval_test.go."""
    variables = {"V": "abcdEFGH28ij", "CAPITALS": "ABC", "PATH_": "path/to/file.tar.gz", "TWICE": "abc-abc"}

    assert substituted(written, **variables) == (expected, [])


@pytest.mark.parametrize("written", ["${A.b}", "${A B}", "${A/x}", "${A^x}", "${A#}", "${#A:1}", "${A+x}"])
def test_a_form_that_flux_does_not_know_is_kept_and_reported(written: str) -> None:
    substitution = Substitution({"A": "abc"})

    made = substitution.replace(written, HERE)

    assert (made, substitution.refused) == (written, {"A": HERE})


def test_the_default_of_a_known_variable_is_not_asked_for() -> None:
    assert substituted("${A:=${NONE}}", A="x") == ("x", [])


def test_variables_are_replaced_in_every_scalar_and_key_with_the_line_of_the_first_unknown() -> None:
    body = yaml_map("kind: Secret\nmetadata:\n  name: ${N}\nitems:\n  - ${X}\n  - deep: ['${X}', '${N}']\n${N}: 1\n")
    substitution = Substitution({"N": "web"})

    substitution.apply(Resource(body, Location("given.yaml", 1), 0))

    assert at(body, "metadata", "name") == "web"
    assert at(body, "items", 1, "deep", 1) == "web"
    assert body["web"] == 1
    assert substitution.unknown == {"X": Location("given.yaml", 5)}


@pytest.mark.parametrize("holder", ["labels", "annotations"])
def test_an_object_may_opt_out_of_substitution(holder: str) -> None:
    body = yaml_map(
        f"metadata:\n  {holder}: {{kustomize.toolkit.fluxcd.io/substitute: disabled}}\nspec: ${{N}}\nother: ${{X}}\n"
    )
    substitution = Substitution({"N": "web"})

    substitution.apply(Resource(body, Location("given.yaml", 1), 0))

    assert body["spec"] == "${N}"
    assert substitution.unknown == {}


FULL = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  targetNamespace: web
  namePrefix: p-
  nameSuffix: -s
  wait: true
  components: [../components/one]
  dependsOn:
    - name: infra
    - {name: stores, namespace: other}
    - not a mapping
  patches:
    - patch: '{}'
  images: [{name: a, newTag: b}]
  commonMetadata: {labels: {a: b}, annotations: {c: d}}
  postBuild:
    substitute: {A: 1, B: true}
    substituteFrom:
      - {kind: ConfigMap, name: settings}
      - {kind: ConfigMap, name: gone, optional: true}
      - {kind: ConfigMap, name: missing}
      - {kind: Secret, name: sealed, optional: true}
"""


def test_a_kustomization_says_where_from_after_what_and_with_what() -> None:
    found = read_kustomization(Resource(yaml_map(FULL), Location("given.yaml", 1), 0))

    assert (found.id, found.path) == ("flux:flux-system/apps", "./apps")
    assert found.depends_on == (("flux-system", "infra"), ("other", "stores"))
    assert found.extra is not None
    assert {key: found.extra.at(key).line for key in found.extra} == {
        "namespace": 6,
        "namePrefix": 7,
        "nameSuffix": 8,
        "components": 10,
        "patches": 15,
        "images": 17,
        "commonAnnotations": 18,
    }
    assert found.substitute == {"A": "1", "B": "true"}


def test_variables_come_from_config_maps_and_the_kustomization_wins() -> None:
    found = read_kustomization(Resource(yaml_map(FULL), Location("given.yaml", 1), 0))
    settings = yaml_map("data: {A: from-map, C: 3}\n")

    variables, missing = collect_variables(found, lambda name: settings if name == "settings" else None)

    assert variables == {"A": "1", "B": "true", "C": "3"}
    assert [(one.code, one.location.line, one.message.split(" is ")[0]) for one in missing] == [
        ("substitute-from", 24, "substituteFrom ConfigMap missing"),
        ("substitute-from", 25, "substituteFrom Secret sealed"),
    ]


@pytest.mark.parametrize(
    "spec", ["{}", "{path: [a]}", "{postBuild: x, dependsOn: {}, patches: a, commonMetadata: []}", "3"]
)
def test_what_is_missing_or_of_a_wrong_type_counts_as_absent(spec: str) -> None:
    body = yaml_map(f"kind: Kustomization\nmetadata: []\nspec: {spec}\n")

    found = read_kustomization(Resource(body, Location("given.yaml", 1), 0))

    assert (found.path, found.namespace, found.depends_on, found.substitute) == (".", "flux-system", (), None)
    assert collect_variables(found, lambda _: Map()) == (None, [])
