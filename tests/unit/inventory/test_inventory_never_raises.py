"""Whatever stands in a manifest, the readers answer; and no value of a Secret is in what they say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from injector.inventory.eso import StoreIndex, read_external_secret, read_push_secret, read_store, resolve
from injector.inventory.operatorrows import ROWS
from injector.inventory.sources import read_copies, read_sources
from injector.location import Location
from injector.manifests.document import Resource
from injector.manifests.yamldoc import Map, Seq, Value

CANARY = "CANARY7x"
_KINDS = [
    "external-secrets.io/v1 ExternalSecret",
    "external-secrets.io/v1beta1 ClusterExternalSecret",
    "external-secrets.io/v1 SecretStore",
    "external-secrets.io/v1 ClusterSecretStore",
    "external-secrets.io/v1alpha1 PushSecret",
    "external-secrets.io/v1alpha1 ClusterPushSecret",
    "generators.external-secrets.io/v1alpha1 ClusterGenerator",
    "secrets.hashicorp.com/v1beta1 VaultStaticSecret",
    "secrets.hashicorp.com/v1beta1 VaultDynamicSecret",
    "secrets.hashicorp.com/v1beta1 VaultPKISecret",
    "bitnami.com/v1alpha1 SealedSecret",
    "isindir.github.com/v1alpha3 SopsSecret",
    "v1 Secret",
    *(f"{row.group.split('|')[0]}/v1 {row.kind.split('|')[0]}" for row in ROWS),
]
_KEYS = st.sampled_from(
    [
        "spec", "metadata", "name", "namespace", "annotations", "labels", "data", "dataFrom", "stringData", "target",
        "template", "templateFrom", "literal", "remoteRef", "key", "property", "secretKey", "sourceRef", "storeRef",
        "generatorRef", "extract", "find", "path", "rewrite", "regexp", "source", "merge", "into", "transform",
        "secretStoreRef", "provider", "vault", "auth", "destination", "transformation", "templates", "text", "mount",
        "role", "users", "databases", "secretName", "selector", "secret", "match", "dataTo", "items", "configMap",
        "matchLabels", "namespaceSelectors", "matchExpressions", "values", "externalSecretSpec", "sops",
        "encryptedData", "secretTemplates", "each", "bootstrap", "immutable", "manifest", "type", "kind"
    ]
)  # fmt: skip
_TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "*", "{{ .a }}", "{{ range . }}{{ .", "x: {{ .y }}", "a/b", "(.*)", "true", "\ue0000\ue001"]
    ),
    st.text(max_size=12),
)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXTS)


def _map(pairs: dict[str, Value]) -> Map:
    made = Map("f.yaml", 1)
    made.update(pairs)
    return made


def _seq(values: list[Value]) -> Seq:
    made = Seq("f.yaml", 1)
    made.extend(values)
    return made


_VALUES: st.SearchStrategy[Value] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.dictionaries(st.one_of(_KEYS, _TEXTS), inner, max_size=5).map(_map), st.lists(inner, max_size=4).map(_seq)
    ),
    max_leaves=40,
)


def _read_everything(resource: Resource) -> list[object]:
    store = read_store(resource, "files")
    index = StoreIndex.of([store] if store else [])
    sources, findings = read_external_secret(
        resource, "files", index, config_map=lambda _namespace, _name: {"k": "{{ .a }}"}
    )
    made = read_sources(resource, "files")
    return [
        store,
        findings,
        [resolve(source, index) for source in [*sources, *made]],
        read_push_secret(resource, "files", index),
        read_copies(resource, "files"),
    ]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_KINDS), st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_no_shape_makes_a_reader_raise(kind: str, body: dict[str, Value]) -> None:
    version, _, name = kind.partition(" ")
    resource = Resource(_map({**body, "apiVersion": version, "kind": name}), Location("f.yaml", 1), 0)

    assert _read_everything(resource)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(_KINDS), _VALUES, _VALUES)
def test_no_shape_of_a_spec_makes_a_reader_raise(kind: str, spec: Value, metadata: Value) -> None:
    version, _, name = kind.partition(" ")
    named = metadata if isinstance(metadata, Map) else _map({"name": "x", "namespace": "a"})
    resource = Resource(
        _map({"apiVersion": version, "kind": name, "metadata": named, "spec": spec}), Location("f.yaml", 1), 0
    )

    assert _read_everything(resource)


_PLANTED = st.one_of(
    st.just(CANARY),
    st.text(max_size=10).map(lambda text: f"{CANARY}{text}"),
    st.sampled_from(
        [f"postgres://u:{CANARY}@h/d", f"${{V:={CANARY}}}", f"{{{{ .x }}}}{CANARY}", f"https://{CANARY}/x"]
    ),
)


@settings(deadline=None)
@given(
    st.dictionaries(_KEYS, _PLANTED, max_size=4),
    st.dictionaries(_KEYS, _PLANTED, max_size=4),
    st.sampled_from(["", "sops", "generated"]),
)
def test_no_value_of_a_secret_is_in_any_fact(data: dict[str, str], text_data: dict[str, str], how: str) -> None:
    body = _map(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _map({"name": "s", "namespace": "a"}),
            "data": _map(dict(data)),
            "stringData": _map(dict(text_data)),
        }
    )
    if how == "sops":
        body["sops"] = _map({"mac": CANARY})
    resource = Resource(body, Location("f.yaml", 1), 0, is_generated=how == "generated")

    assert CANARY not in repr(_read_everything(resource))
