"""Whatever stands in the files, loading, judging and printing answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.classify import classify
from injector.config.model import Config
from injector.config.verify import Forbidden, Verify
from injector.inventory.build import build_inventory
from injector.manifests.tree import Tree
from injector.model import Report
from injector.report.explain import render_explanation
from injector.report.formats import render
from injector.report.options import PLAIN, Format
from injector.report.sarif import render_sarif
from injector.report.verification import render_table
from injector.verify.tree import verify_tree
from tests.property.samples import EXAMPLE, texts

PATHS = sorted(texts())
FORBIDDING = Config(verify=Verify(forbidden=(Forbidden(name="any", regex="[a-z]{3}:"),)))
NAMES = (
    "a.yaml", "b.json", "kustomization.yaml", "apps/kustomization.yaml", "clusters/x/flux.yaml", "apps/es.yaml",
    "chart/Chart.yaml", "chart/templates/x.yaml", "chart/values.yaml", "argo/app.yaml",
)  # fmt: skip
PIECES = (
    b"apiVersion: v1\n", b"kind: Secret\n", b"kind: List\nitems:\n", b"metadata:\n", b"  name: x\n", b"spec:\n", b"---\n",
    b"...\n", b"- ", b"? ", b": ", b"{", b"}", b"[", b"]", b"&a ", b"*a ", b"<<: *a\n", b"!x ", b"|\n", b">-\n", b"'", b'"',
    b"#", b"\t", b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"{{ .x }}", b"{% if %}", b"${X:=y}", b"$patch: delete\n",
    b"kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\n", b"path: ./apps\n", b"resources: [.., ., es.yaml]\n",
    b"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n", b"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n",
    b"generators: [{git: {directories: [{path: '*'}]}}]\n", b"sops: {}\n", b"data: {a: 1}\n", b"\xe2\x80\xa8", b"1e999\n",
)  # fmt: skip
STRANGE = (
    b"", b"~", b"[]", b"{}", b"-1", b"1.5e300", b"true", b"[[[]]]", b"{a: {b: [c]}}", b"'{{ .a }}'", b"{{ .Values.x }}",
    b"'${A:=${B}}'", b"*gone", b"&x [*x]", b"!!binary aGk=", b"0x7fffffffffffffffff", b"'\\ud800'", b'"\\ud800"', b"<TOKEN>",
    b"..", b"/", b"'*'", b"'['", b"'a/../../b'", b"|", b"2026-11-24", b"'" + b"x" * 300 + b"'", b"\xc3\xa9", b"a: b",
)  # fmt: skip


def answer(contents: dict[str, bytes], root: Path = Path("nowhere"), found: tuple[str, ...] = ()) -> Report:
    tree = Tree(root, tuple(sorted({*contents, *found})), overlay=contents)
    inventory = build_inventory(tree, jobs=1)
    report = classify(inventory)
    held = verify_tree(tree, inventory, FORBIDDING)
    assert render_table(held) is not None
    assert render_sarif(held, is_full=True)
    for form in Format:
        assert isinstance(render(report, form, PLAIN), str)
    for item in (*report.items, *report.orphans):
        assert render_explanation(item, PLAIN, is_orphan=False)
    assert all(one.location.line >= 1 and one.location.path for one in (*report.unreadable, *report.unresolved))
    return report


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)),
        min_size=1,
        max_size=4,
    )
)
def test_arbitrary_bytes_are_answered(contents: dict[str, bytes]) -> None:
    assert answer(contents).items is not None


Mutation = Callable[[list[bytes], int, bytes], None]


def _cut(lines: list[bytes], at: int, _: bytes) -> None:
    del lines[at:]


def _delete(lines: list[bytes], at: int, _: bytes) -> None:
    del lines[at]


def _double(lines: list[bytes], at: int, _: bytes) -> None:
    lines.insert(at, lines[at])


def _indent(lines: list[bytes], at: int, _: bytes) -> None:
    lines[at] = b"  " + lines[at]


def _dedent(lines: list[bytes], at: int, _: bytes) -> None:
    lines[at] = lines[at][2:] if lines[at].startswith(b"  ") else lines[at]


def _set(lines: list[bytes], at: int, strange: bytes) -> None:
    """Give a key another value, of another type."""
    key, colon, _ = lines[at].partition(b":")
    lines[at] = key + colon + b" " + strange + b"\n" if colon else strange + b"\n"


def _swap(lines: list[bytes], at: int, _: bytes) -> None:
    other = (at * 7 + 3) % len(lines)
    lines[at], lines[other] = lines[other], lines[at]


MUTATIONS: tuple[Mutation, ...] = (_cut, _delete, _double, _indent, _dedent, _set, _set, _set, _swap)
STEPS = st.lists(
    st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 10_000), st.sampled_from(STRANGE)), min_size=1, max_size=6
)


def mutated(data: bytes, steps: list[tuple[Mutation, int, bytes]]) -> bytes:
    lines = data.splitlines(keepends=True)
    for mutate, at, strange in steps:
        if lines:
            mutate(lines, at % len(lines), strange)
    return b"".join(lines)


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(PATHS), STEPS, min_size=1, max_size=6))
def test_mutated_manifests_are_answered(changes: dict[str, list[tuple[Mutation, int, bytes]]]) -> None:
    answer({path: mutated(texts()[path], steps) for path, steps in changes.items()})


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(PATHS), STEPS, min_size=1, max_size=12))
def test_a_mutated_tree_is_answered(changes: dict[str, list[tuple[Mutation, int, bytes]]]) -> None:
    contents = {path: mutated(texts()[path], steps) for path, steps in changes.items()}

    answer(contents, EXAMPLE, tuple(PATHS))
