"""The bjw-s app-template: containers as mappings, in every version of the chart."""

from __future__ import annotations

import pytest

from injector.model import How
from tests.unit.inventory.reading import consumers_of, in_values, only, release, shown


def _container(body: str) -> str:
    return f"controllers: {{main: {{containers: {{app: {{image: {{repository: ghcr.io/x/app, tag: v1}}, {body}}}}}}}}}"


_ENV = [
    "env: {PW: {valueFrom: {secretKeyRef: {name: s, key: k}}}}",
    "env: {PW: {secretKeyRef: {name: s, key: k}}}",
    "env: [{name: PW, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
    "env: [{PW: {valueFrom: {secretKeyRef: {name: s, key: k}}}}]",
]


@pytest.mark.parametrize("env", _ENV)
def test_variables_are_read_in_every_form(env: str) -> None:
    assert in_values(_container(env)) == ["env PW <- s[k] in app"]


_ENV_FROM = [
    "envFrom: [{secretRef: {name: s}}]",
    "envFrom: [{secret: s}]",
    "envFrom: {a: {secretRef: {name: s}}}",
    "envFrom: {secretRef: {name: s}}",
]


@pytest.mark.parametrize("env_from", _ENV_FROM)
def test_env_from_is_read_in_every_form(env_from: str) -> None:
    assert in_values(_container(env_from)) == ["envFrom <- s in app"]


@pytest.mark.parametrize(
    "reference",
    ["secretRef: {identifier: own}", "configMapRef: {name: c}", "configMap: c", "secret: '{{ x }}'"],
)
def test_what_the_chart_makes_itself_is_no_secret_of_the_tree(reference: str) -> None:
    assert in_values(_container(f"envFrom: [{{{reference}}}]")) == []


def test_facts_are_those_of_the_container() -> None:
    found = only(
        consumers_of(
            release(
                _container("env: {DB_HOST: pg, PORT: 1, ON: {value: 'true'}}, envFrom: [{secret: s}]"),
                chart="app-template",
            )
        )
    )

    assert found.container is not None
    assert (found.chart, found.container.name, found.container.image) == (
        "app-template",
        "app",
        "ghcr.io/x/app:v1",
    )
    assert found.container.env == {"DB_HOST": "pg", "PORT": "1", "ON": "true"}


def test_release_name_in_a_secrets_name_is_filled_in() -> None:
    assert in_values(_container("envFrom: [{secretRef: {name: '{{ .Release.Name }}-db'}}]")) == [
        "envFrom <- app-db in app"
    ]


def test_anchors_make_every_container_a_reader() -> None:
    found = in_values("""
        controllers:
          main:
            initContainers:
              init-db: {envFrom: &env [{secretRef: {name: s}}]}
            containers:
              app: {envFrom: *env}
    """)

    assert found == ["envFrom <- s in init-db", "envFrom <- s in app"]


@pytest.mark.parametrize(("restart", "expected"), [("", True), ("restartPolicy: Always, ", False)])
def test_init_containers_are_marked_unless_they_are_sidecars(restart: str, *, expected: bool) -> None:
    found = only(
        consumers_of(
            release(
                f"controllers: {{m: {{containers: {{}}, initContainers: {{i: {{{restart}envFrom: [{{secret: s}}]}}}}}}}}"
            )
        )
    )

    assert found.container is not None
    assert found.container.is_init is expected


@pytest.mark.parametrize(
    "off",
    [
        "controllers: {m: {enabled: false, containers: {a: {envFrom: [{secret: s}]}}}}",
        "controllers: {m: {containers: {a: {enabled: false, envFrom: [{secret: s}]}}}}",
        "controllers: {m: {containers: {a: {}}}}\npersistence: {x: {enabled: false, type: secret, name: s}}",
    ],
)
def test_what_is_switched_off_reads_nothing(off: str) -> None:
    assert in_values(off) == []


def test_default_options_count_for_every_container_without_its_own() -> None:
    found = in_values("""
        defaultContainerOptions: {envFrom: [{secretRef: {name: all}}]}
        controllers:
          main:
            containers:
              a: {image: {repository: x}}
              b: {envFrom: [{secretRef: {name: own}}]}
    """)

    assert found == ["envFrom <- all in a", "envFrom <- own in b"]


def test_default_options_can_be_merged() -> None:
    found = in_values("""
        controllers:
          main:
            defaultContainerOptionsStrategy: merge
            defaultContainerOptions: {env: {A: {valueFrom: {secretKeyRef: {name: all, key: k}}}}}
            containers: {a: {env: {B: {valueFrom: {secretKeyRef: {name: own, key: k}}}}}}
    """)

    assert found == ["env A <- all[k] in a", "env B <- own[k] in a"]


def test_default_options_can_spare_init_containers() -> None:
    found = in_values("""
        applyDefaultContainerOptionsToInitContainers: false
        defaultContainerOptions: {envFrom: [{secretRef: {name: all}}]}
        controllers: {main: {containers: {a: {}}, initContainers: {i: {}}}}
    """)

    assert found == ["envFrom <- all in a"]


_TWO = "controllers: {one: {containers: {a: {}, b: {}}}, two: {containers: {a: {image: two}}}}\n"
_PERSISTENCE = [
    ("type: secret, name: s", ["volume /x <- s in a", "volume /x <- s in b", "volume /x <- s in a"]),
    (
        "type: secret, name: s, advancedMounts: {one: {b: [{path: /b, subPath: k}]}}",
        ["volume /b <- s[k] in b"],
    ),
    (
        "type: secret, name: s, items: [{key: k, path: p}], advancedMounts: {two: {a: [{path: /a}]}}",
        ["volume /a/p <- s[k] in a"],
    ),
    (
        "type: custom, volumeSpec: {secret: {secretName: s}}, advancedMounts: {two: {a: [{path: /a}]}}",
        ["volume /a <- s in a"],
    ),
    (
        "type: custom, volumeSpec: {projected: {sources: [{secret: {name: s}}]}}, advancedMounts: {two: {a: [{path: /a}]}}",
        ["volume /a <- s in a"],
    ),
    ("type: secret, identifier: own", []),
    ("type: configMap, name: c", []),
    ("type: persistentVolumeClaim, existingClaim: c", []),
    ("type: secret, name: s, advancedMounts: {three: {a: [{path: /a}]}}", ["volume <- s in a"]),
]


@pytest.mark.parametrize(("entry", "expected"), _PERSISTENCE)
def test_persistence_of_secrets_is_mounted(entry: str, expected: list[str]) -> None:
    assert in_values(f"{_TWO}persistence: {{x: {{{entry}}}}}") == expected


def test_global_mounts_are_everybodys() -> None:
    found = in_values(
        "controllers: {m: {containers: {a: {}}}}\n"
        "persistence: {x: {type: secret, name: s, globalMounts: [{path: /c/f, subPath: f}]}}"
    )

    assert found == ["volume /c/f <- s[f] in a"]


def test_own_config_maps_are_literals_of_who_takes_them() -> None:
    found = only(
        consumers_of(
            release("""
            configMaps: {cfg: {data: {DB_HOST: pg}}}
            controllers:
              m: {containers: {a: {envFrom: [{configMapRef: {identifier: cfg}}, {secret: s}]}}}
            """)
        )
    )

    assert found.container is not None
    assert found.container.env["DB_HOST"] == "pg"


def test_config_maps_of_the_tree_are_found_beside_the_charts_own() -> None:
    found = only(
        consumers_of(
            release("""
            configMaps: {cfg: {data: {A: b}}}
            controllers: {m: {containers: {a: {envFrom: [{configMapRef: {name: tree}}, {secret: s}]}}}}
            """),
            {"tree": {"DB_HOST": "pg"}},
        )
    )

    assert found.container is not None
    assert found.container.env["DB_HOST"] == "pg"


def test_ingress_and_pull_secrets_are_no_containers() -> None:
    found = consumers_of(
        release("""
        defaultPodOptions: {imagePullSecrets: [{name: regcred}]}
        ingress: {main: {tls: [{secretName: web-tls, hosts: [x]}]}}
        controllers: {m: {containers: {a: {}}}}
        """)
    )

    assert {(one.how, one.secret, one.container) for one in found} == {
        (How.IMAGE_PULL, "regcred", None),
        (How.INGRESS_TLS, "web-tls", None),
    }


def test_own_secrets_of_the_chart_are_not_read() -> None:
    assert in_values("controllers: {m: {containers: {a: {}}}}\nsecrets: {own: {stringData: {clientSecret: x-y}}}") == []


def test_version_one_has_everything_at_the_top() -> None:
    found = in_values("""
        controller: {type: deployment}
        image: {repository: ghcr.io/x/app, tag: v1}
        env: {DB_HOST: pg, PW: {secretKeyRef: {name: pw, key: k}}}
        envFrom: [{secretRef: {name: all}}]
        initContainers: {init: {image: i, envFrom: [{secretRef: {name: init}}]}}
        additionalContainers: {side: {image: s, env: [{name: A, valueFrom: {secretKeyRef: {name: side, key: k}}}]}}
        persistence: {x: {type: secret, name: vol, mountPath: /x, subPath: y}}
    """)

    assert found == [
        "env PW <- pw[k] in app",
        "envFrom <- all in app",
        "volume /x <- vol[y] in app",
        "envFrom <- init in init",
        "env A <- side[k] in side",
    ]


def test_neighbours_literals_are_not_a_containers_own() -> None:
    found = consumers_of(
        release("""
        env: {DB_HOST: pg}
        envFrom: [{secretRef: {name: s}}]
        initContainers: {init: {image: i, envFrom: [{secretRef: {name: t}}]}}
        """)
    )

    assert [one.container.env for one in found if one.container] == [{"DB_HOST": "pg"}, {}]


def test_app_template_as_a_dependency_is_found_below_its_key() -> None:
    found = consumers_of(release("app-template: {controllers: {m: {containers: {a: {envFrom: [{secret: s}]}}}}}"))

    assert shown(found) == ["envFrom <- s in a"]


def test_pod_options_of_a_controller_are_read() -> None:
    found = in_values(
        "controllers: {m: {pod: {imagePullSecrets: [{name: s}]}, containers: {a: {}}}, off: {enabled: false}}"
    )

    assert found == ["imagePullSecret <- s"]


def test_projected_persistence_of_version_five_is_read() -> None:
    found = in_values(
        "controllers: {m: {containers: {a: {}}}}\n"
        "persistence: {x: {type: projected, sources: [{secret: {name: s}}], advancedMounts: {m: {a: [{path: /x}, 5]}}}}"
    )

    assert found == ["volume /x <- s in a"]
