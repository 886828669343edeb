"""Trees with files that are hardly YAML, or none: each is named once, and the rest goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from injector.manifests import files as files_module
from injector.manifests import yamldoc
from tests.unit.inventory.trees import STORE, external, flux, grow, kustomization, made, names, read, readers, said


def test_a_file_of_many_documents_knows_every_index_and_line(tmp_path: Path) -> None:
    text = "---\n".join(external(f"s{number:03}") for number in range(150))
    grow(tmp_path, {"es.yaml": text})

    found = read(tmp_path)

    assert made(found.deployed) == [
        f"app/s{number:03} files:000000 es.yaml:{number * 9 + 1}#{number}" for number in range(150)
    ]


def test_one_broken_document_of_many_costs_only_itself(tmp_path: Path) -> None:
    parts = [external(f"s{number:03}") for number in range(120)]
    parts[60] = "a: [\n"
    grow(tmp_path, {"es.yaml": "---\n".join(parts)})

    found = read(tmp_path)

    assert len(found.deployed.sources) == 119
    assert said(found.unreadable) == [f"es.yaml:{60 * 9 + 2} yaml-syntax!"]


@pytest.mark.parametrize("kind", ["List", "ExternalSecretList"])
def test_a_list_is_its_items(kind: str, tmp_path: Path) -> None:
    item = external("one").replace("\n", "\n    ").rstrip()
    grow(
        tmp_path, {"list.yaml": f"apiVersion: v1\nkind: {kind}\nitems:\n  - {item}\n  - {item.replace('one', 'two')}\n"}
    )

    assert made(read(tmp_path).deployed) == [
        "app/one files:000000 list.yaml:4#0",
        "app/two files:000000 list.yaml:12#0",
    ]


def test_a_list_in_a_list_is_its_items_as_well(tmp_path: Path) -> None:
    inner = (
        "  - apiVersion: v1\n    kind: List\n    items:\n      - "
        + external("deep").replace("\n", "\n        ").rstrip()
    )
    grow(tmp_path, {"list.yaml": f"apiVersion: v1\nkind: List\nitems:\n{inner}\n"})

    assert made(read(tmp_path).deployed) == ["app/deep files:000000 list.yaml:7#0"]


def test_items_of_a_list_of_one_kind_need_not_say_their_kind(tmp_path: Path) -> None:
    """Source: k8s.io/apimachinery, unstructured_list decodeToList."""
    item = "\n    ".join(external("one").splitlines()[2:])
    grow(
        tmp_path,
        {"list.yaml": f"apiVersion: external-secrets.io/v1\nkind: ExternalSecretList\nitems:\n  - {item}\n"},
    )

    assert made(read(tmp_path).deployed) == ["app/one files:000000 list.yaml:4#0"]


def test_json_that_can_hold_no_object_is_not_read_unless_it_is_named(tmp_path: Path) -> None:
    path = ".vscode/tasks.json"
    grow(tmp_path, {path: '{"tasks": [{"kind": "build"} // by hand\n]}', "es.yaml": external()})

    found, named = read(tmp_path), read(tmp_path / path)

    assert said(found.unreadable) == []
    assert said(named.unreadable) == ["tasks.json:1 yaml-syntax!"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".github/workflows/ci.yaml", "jobs: [\n", ".github/workflows/ci.yaml:2 yaml-syntax"),
        ("app.json", '{"apiVersion": "v1", "kind": "Secret"\n', "app.json:2 yaml-syntax!"),
        ("app.yaml", "jobs: [\n", "app.yaml:2 yaml-syntax!"),
    ],
)
def test_a_broken_file_of_ci_is_named_but_not_deployed(path: str, text: str, expected: str, tmp_path: Path) -> None:
    grow(tmp_path, {path: text, "es.yaml": external()})

    found = read(tmp_path)

    assert said(found.unreadable) == [expected]


@pytest.mark.parametrize("items", ["[]", "null", "3", "[1, null, text, []]"])
def test_a_list_without_objects_is_nothing(items: str, tmp_path: Path) -> None:
    grow(tmp_path, {"list.yaml": f"apiVersion: v1\nkind: List\nitems: {items}\n", "es.yaml": external()})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert found.unreadable == ()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (external().replace("\n", "\r\n").encode(), 1),
        (b"\xef\xbb\xbf" + external().encode(), 1),
        (external().encode("utf-16"), 1),
        (external().encode("utf-32"), 1),
        (("\r\n---\r\n" + external()).encode(), 3),
        (external().replace("\n", "\t\n").replace("spec:\t", "spec:").encode(), 1),
        (b"%YAML 1.2\n---\n" + external().encode(), 3),
        (b"# only a comment\n...\n---\n" + external().encode() + b"...\n", 4),
        (b"# note\n\n" + external().encode(), 3),
        (external().encode().rstrip(b"\n"), 1),
        (b"--- # note\n" + external().encode(), 2),
        (b"---\n\n---\n   \n---\n" + external().encode() + b"---\n", 6),
    ],
    ids=["crlf", "bom", "utf16", "utf32", "crlf-marker", "tabs-at-ends", "directive", "end-marker", "comment", "no-newline",
         "marker-comment", "empty-documents"],
)  # fmt: skip
def test_unusual_bytes_are_read(data: bytes, line: int, tmp_path: Path) -> None:
    grow(tmp_path, {"es.yaml": data})

    found = read(tmp_path)

    assert [(one.target, one.origin.location.line) for one in found.deployed.sources] == [("login", line)]
    assert found.unreadable == ()


def test_a_document_after_an_end_marker_is_not_lost(tmp_path: Path) -> None:
    grow(tmp_path, {"es.yaml": external("one") + "...\n" + external("two")})

    assert made(read(tmp_path).deployed) == ["app/one files:000000 es.yaml:1#0", "app/two files:000000 es.yaml:10#1"]


def test_anchors_merge_keys_and_unknown_tags_are_read_and_nothing_is_run(tmp_path: Path) -> None:
    text = """\
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: &name login, namespace: app}
        spec:
          secretStoreRef: {kind: ClusterSecretStore, name: vault}
          target:
            name: *name
            template: {metadata: {annotations: {a: !env_var HOME, b: !reference [x, y], c: !!python/object/apply:os.getcwd []}}}
          data:
            - &entry
              secretKey: one
              remoteRef: &ref {key: &name a/b, property: p}
            - <<: *entry
              secretKey: two
            - secretKey: three
              remoteRef: {<<: [*ref], property: *name}
        """
    grow(tmp_path, {"es.yaml": text})

    found = read(tmp_path)

    [source] = found.deployed.sources
    assert source.target == "login"
    assert [(key.name, key.remotes[0].path, key.remotes[0].prop) for key in source.keys] == [
        ("one", "a/b", "p"),
        ("two", "a/b", "p"),
        ("three", "a/b", "a/b"),
    ]
    assert [key.location.line for key in source.keys] == [11, 14, 15]
    assert str(Path.cwd()) not in repr(source)
    assert found.unreadable == ()


def test_a_key_that_stands_twice_is_said_once_a_file_and_the_object_counts(tmp_path: Path) -> None:
    twice = external().replace(
        "spec:\n", "spec:\n  refreshInterval: 1h\n  refreshInterval: 2h\n  refreshInterval: 3h\n"
    )
    grow(tmp_path, {"es.yaml": twice})

    found = read(tmp_path)

    assert [one.refresh_interval for one in found.deployed.sources] == ["3h"]
    assert found.unreadable == ()
    assert said(found.unresolved) == ["es.yaml:6 yaml-duplicate-key!"]


TEMPLATES = {
    "helm-name": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Values.x }}\n",
    "helm-quoted-name": 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: "{{ .Release.Name }}-x"\n',
    "helm-inline": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  a: {{ .Values.a }}:{{ .Values.b }}\n",
    "helm-value": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  namespace: {{ .Values.ns }}\n",
    "helm-deep-value": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: {{ .Values.ns }}\n",
    "helm-if": "{{- if .Values.x }}\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\n{{- end }}\n",
    "helm-if-inside": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  {{- if .Values.y }}\n  namespace: y\n  {{- end }}\n",
    "helm-include": 'apiVersion: v1\nkind: Secret\nmetadata:\n  labels: {{- include "x" . | nindent 4 }}\n  name: x\n',
    "helm-comment": "{{/* a comment: with\n a colon: in it */}}\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\n",
    "jinja-for": "{% for x in y %}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ x }}\n---\n{% endfor %}\n",
    "jinja-value": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  namespace: {% if a %}b{% endif %}\n",
    "jinja-comment": "#% if x %#\napiVersion: v1\nkind: Secret\nmetadata:\n  name: #{ name }#\n  a: [\n#% endif %#\n",
    "token": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: <NAME>\n",
    "token-namespace": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  namespace: <NAMESPACE>\n",
    "percent": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %%NAME%%\n",
    "erb": "<% if x %>\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\n<% end %>\n",
    "brackets": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: '[[ .Name ]]'\n",
}  # fmt: skip


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES)
def test_templates_are_listed_and_no_errors(text: str, tmp_path: Path) -> None:
    grow(tmp_path, {"template.yaml": text, "es.yaml": external()})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert found.unreadable == ()
    assert [one.location.path for one in found.templated] == ["template.yaml"]


REAL_ERRORS = {
    "tab-beside-a-template": external().replace("  data:\n", "  target:\n    template:\n      data:\n        url: |\n          {{- range .x }}\n          a: {{ .y }}\n  data:\n\t- x\n"),
    "quote-beside-a-template": external().replace("  data:\n", '  target: {template: {data: {a: "{{ .a }}"}}}\n  data:\n    - "open\n'),
}  # fmt: skip


@pytest.mark.parametrize("text", REAL_ERRORS.values(), ids=REAL_ERRORS)
def test_a_broken_external_secret_with_templates_in_it_is_an_error(text: str, tmp_path: Path) -> None:
    """ExternalSecrets hold templates of the operator: that does not make their file a template."""
    grow(tmp_path, {"es.yaml": text})

    found = read(tmp_path)

    assert [(one.location.path, one.code, one.is_deployed) for one in found.unreadable] == [
        ("es.yaml", "yaml-syntax", True)
    ]
    assert found.templated == ()


def test_an_operators_template_is_no_template_of_the_file(tmp_path: Path) -> None:
    text = external().replace(
        "  data:\n",
        "  target:\n    template:\n      data:\n        url: 'x://{{ .a }}'\n        b: |\n          {{- range .x }}\n          {{ . }}\n          {{- end }}\n  data:\n",
    )
    grow(tmp_path, {"es.yaml": text})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert found.templated == ()


SOPS = """\
apiVersion: v1
kind: Secret
metadata: {name: sealed, namespace: app}
stringData: {password: 'ENC[AES256_GCM,data:c4nary,iv:x,tag:y,type:str]'}
sops: {mac: 'ENC[c4nary]', version: 3.9.0}
"""


def test_a_sops_file_is_recognised_and_never_opened(tmp_path: Path) -> None:
    grow(tmp_path, {"secret.sops.yaml": SOPS, "values.sops.yaml": "password: ENC[x]\nsops: {mac: y}\n"})

    found = read(tmp_path)

    assert [(one.kind.value, one.target, [key.name for key in one.keys]) for one in found.deployed.sources] == [
        ("SopsSecret", "sealed", ["password"])
    ]
    assert "c4nary" not in repr(found)


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    grow(tmp_path / "outside", {"es.yaml": external("outside")})
    grow(tmp_path / "tree", {"apps/es.yaml": external("inside")})
    (tmp_path / "tree/apps/again").symlink_to("..")
    (tmp_path / "tree/self.yaml").symlink_to("self.yaml")
    (tmp_path / "tree/gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "tree/linked").symlink_to("../outside")
    (tmp_path / "tree/same.yaml").symlink_to("apps/es.yaml")

    found = read(tmp_path / "tree")

    assert names(found.deployed) == ["app/inside", "app/outside"]
    assert said(found.unreadable) == ["gone.yaml:1 unreadable!", "self.yaml:1 unreadable!"]


def test_what_a_root_reaches_by_a_link_is_no_orphan(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "shared/kustomization.yaml": kustomization("es.yaml"),
            "shared/es.yaml": external(),
            "apps/kustomization.yaml": kustomization("base", "file.yaml"),
            "zz/file.yaml": external("file"),
            "flux.yaml": flux("apps", "./apps"),
        },
    )
    (tmp_path / "apps/base").symlink_to("../shared")
    (tmp_path / "apps/file.yaml").symlink_to("../zz/file.yaml")

    found = read(tmp_path)

    assert names(found.deployed) == ["app/file", "app/login"]
    assert names(found.orphaned) == []


def test_pipes_and_folders_called_like_files_are_no_files(tmp_path: Path) -> None:
    grow(tmp_path, {"es.yaml": external(), "folder.yaml/inside.yaml": external("inside")})
    os.mkfifo(tmp_path / "pipe.yaml")

    found = read(tmp_path)

    assert names(found.deployed) == ["app/inside", "app/login"]
    assert said(found.unreadable) == ["pipe.yaml:1 not-a-file!"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: \xe9t\xe9\n", "bad.yaml:1 yaml-encoding!"),
        (b"\xff\xfea\x00:\x00\xd8", "bad.yaml:1 yaml-encoding!"),
        (b"a: 1\nb: \x00\n", "bad.yaml:2 yaml-encoding!"),
        (b"a:\n\t- b\n", "bad.yaml:2 yaml-syntax!"),
        (b"a: *b\n", "bad.yaml:1 yaml-syntax!"),
        (b"a: b: c\n", "bad.yaml:1 yaml-syntax!"),
        (b"[" * 5000, "bad.yaml:1 yaml-nesting!"),
        (b"{a: " * 5000, "bad.yaml:1 yaml-nesting!"),
        (b"- " * 5000 + b"a", "bad.yaml:1 yaml-nesting!"),
        (b"a: &a [*a]\n", "bad.yaml:1 yaml-alias-bomb!"),
        (b"x: &x {<<: *x}\n", "bad.yaml:1 yaml-alias-bomb!"),
        (b"\x89PNG\r\n\x1a\n\x00", "bad.yaml:1 yaml-encoding!"),
    ],
    ids=[
        "latin1",
        "utf16-cut",
        "nul",
        "tab",
        "no-anchor",
        "colons",
        "brackets",
        "braces",
        "dashes",
        "self",
        "merge-self",
        "png",
    ],
)
def test_what_is_no_yaml_is_one_diagnostic(data: bytes, expected: str, tmp_path: Path) -> None:
    grow(tmp_path, {"bad.yaml": data, "es.yaml": external()})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert said(found.unreadable) == [expected]
    assert found.templated == ()
    assert found.unreadable[0].message


def test_an_alias_bomb_is_one_diagnostic(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    grow(tmp_path, {"bomb.yaml": "\n".join(lines), "es.yaml": external()})

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert [one.code for one in found.unreadable] == ["yaml-alias-bomb"]


def test_files_and_documents_beyond_the_limits_are_named_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MAX_FILE_BYTES", 4 << 20)
    monkeypatch.setattr(yamldoc, "MAX_DOCUMENT_BYTES", 1 << 20)
    grow(tmp_path, {"es.yaml": external(), "document.yaml": external("first") + "---\na: " + "x" * (1 << 20)})
    with (tmp_path / "file.yaml").open("wb") as stream:
        stream.truncate(100 << 20)

    found = read(tmp_path)

    assert names(found.deployed) == ["app/first", "app/login"]
    assert said(found.unreadable) == ["document.yaml:9 too-large!", "file.yaml:1 too-large!"]


@pytest.mark.parametrize(
    "text", ['{\n\t"apiVersion": "v1",\n\t"kind": "Secret",\n\t"metadata": {"name": "x\\ud83d\\ude00\\/"}\n}']
)
def test_json_is_read_with_tabs_and_escapes(text: str, tmp_path: Path) -> None:
    grow(tmp_path, {"secret.json": text, "package.json": '{\n\t"a": [1, 2.5, null, true]\n}\n'})

    found = read(tmp_path)

    assert found.unreadable == ()
    assert made(found.deployed) == ["/x\U0001f600/ files:000000 secret.json:2#0"]


def test_a_broken_file_that_nobody_deploys_is_not_deployed(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "flux.yaml": flux("apps", "./apps"),
            "apps/kustomization.yaml": kustomization("es.yaml", "broken.yaml"),
            "apps/es.yaml": external(),
            "apps/broken.yaml": "a: [\n",
            "left/broken.yaml": "a: [\n",
            "tests/broken.yaml": "a: [\n",
        },
    )

    found = read(tmp_path)

    assert said(found.unreadable) == ["apps/broken.yaml:2 yaml-syntax!", "left/broken.yaml:2 yaml-syntax"]


def test_a_broken_kustomization_is_deployed(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {"apps/kustomization.yaml": "resources: [\n", "apps/es.yaml": external(), "flux.yaml": flux("a", "./apps")},
    )

    assert said(read(tmp_path).unreadable) == ["apps/kustomization.yaml:2 yaml-syntax!"]


def test_objects_of_a_strange_shape_are_passed_over(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "a.yaml": "3\n---\n[1]\n---\n'text'\n---\napiVersion: v1\n---\nkind: Secret\n---\n{apiVersion: 1, kind: 2}\n",
            "b.yaml": "apiVersion: v1\nkind: Secret\nmetadata: []\n---\napiVersion: v1\nkind: Pod\nspec: 3\n",
            "c.yaml": "? [a, b]\n: c\n",
            "es.yaml": external(),
            "store.yaml": STORE,
            "empty.yaml": "",
            "comments.yaml": "# nothing\n",
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert readers(found.deployed) == []
    assert found.unreadable == ()
