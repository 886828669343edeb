"""Every way of naming a Secret in Helm values that the product promises to find, one row each."""

from __future__ import annotations

import pytest

from tests.unit.inventory.reading import consumers_of, in_values, only, release

_FORMS: dict[str, tuple[str, list[str]]] = {
    "app-template env": (
        "controllers: {main: {containers: {app: {env: {DB_PASSWORD: {valueFrom: {secretKeyRef: {name: login, key: password}}}}}}}}",
        ["env DB_PASSWORD <- login[password] in app"],
    ),
    "app-template envFrom": (
        "controllers: {main: {containers: {app: {envFrom: [{secretRef: {name: login}}, {secret: login2}]}}}}",
        ["envFrom <- login in app", "envFrom <- login2 in app"],
    ),
    "app-template persistence": (
        "controllers: {main: {containers: {app: {image: {repository: a}}}}}\npersistence: {config: {type: secret, name: login, globalMounts: [{path: /etc/x}]}}",
        ["volume /etc/x <- login in app"],
    ),
    "generic env list": (
        "env: [{name: A, valueFrom: {secretKeyRef: {name: login, key: k}}}]",
        ["env A <- login[k] in app"],
    ),
    "generic env map": ("env: {A: {valueFrom: {secretKeyRef: {name: login, key: k}}}}", ["env A <- login[k] in app"]),
    "envFrom": ("envFrom: [{secretRef: {name: login}}]", ["envFrom <- login in app"]),
    "extraEnv": (
        "extraEnv: [{name: A, valueFrom: {secretKeyRef: {name: login, key: k}}}]",
        ["env A <- login[k] in app"],
    ),
    "extraEnvVars": (
        "extraEnvVars: [{name: A, valueFrom: {secretKeyRef: {name: login, key: k}}}]",
        ["env A <- login[k] in app"],
    ),
    "extraEnvFrom": ("extraEnvFrom: [{secretRef: {name: login}}]", ["envFrom <- login in app"]),
    "extraEnvVarsSecret": ("extraEnvVarsSecret: login", ["envFrom <- login in app"]),
    "envFromSecret": ("envFromSecret: login", ["envFrom <- login in app"]),
    "envFromSecrets": ("envFromSecrets: [{name: login}]", ["envFrom <- login in app"]),
    "envValueFrom": ("envValueFrom: {A: {secretKeyRef: {name: login, key: k}}}", ["env A <- login[k] in app"]),
    "existingSecret": ("existingSecret: login", ["helmValues existingSecret <- login in app"]),
    "existingSecretName": ("existingSecretName: login", ["helmValues existingSecretName <- login in app"]),
    "existingSecret obj": (
        "x: {existingSecret: {name: login, key: k}}",
        ["helmValues x.existingSecret <- login[k] in app"],
    ),
    "existingSecretKey": (
        "x: {existingSecret: login, existingSecretKey: k}",
        ["helmValues x.existingSecret <- login[k] in app"],
    ),
    "secretName": ("config: {secretName: login}", ["helmValues config.secretName <- login in app"]),
    "extraVolumes": (
        "extraVolumes: [{name: v, secret: {secretName: login}}]\nextraVolumeMounts: [{name: v, mountPath: /x}]",
        ["volume /x <- login in app"],
    ),
    "extraSecretMounts": (
        "extraSecretMounts: [{name: v, secretName: login, mountPath: /x, defaultMode: 0440}]",
        ["volume /x <- login in app"],
    ),
    "auth.existingSecret": (
        "auth: {existingSecret: login, secretKeys: {adminPasswordKey: pw}}",
        ["helmValues auth.existingSecret <- login[pw] in app"],
    ),
    "ingress tls": (
        "ingress: {tls: [{secretName: web-tls, hosts: [a]}]}",
        ["ingressTLS ingress.tls.secretName <- web-tls"],
    ),
    "ingress main tls": (
        "ingress: {main: {tls: [{secretName: web-tls}]}}",
        ["ingressTLS ingress.main.tls.secretName <- web-tls"],
    ),
    "imagePullSecrets": ("imagePullSecrets: [{name: regcred}]", ["imagePullSecret <- regcred"]),
    "imagePullSecrets str": ("image: {pullSecrets: [regcred]}", ["imagePullSecret <- regcred"]),
    "global": (
        "global: {imagePullSecrets: [regcred], postgresql: {auth: {existingSecret: login}}}",
        ["helmValues global.postgresql.auth.existingSecret <- login in postgresql", "imagePullSecret <- regcred"],
    ),
    "externalDatabase": (
        "externalDatabase: {host: db, existingSecret: login, existingSecretPasswordKey: pw}",
        ["helmValues externalDatabase.existingSecret <- login[pw] in app"],
    ),
    "grafana admin": (
        "admin: {existingSecret: login, userKey: u, passwordKey: p}",
        ["helmValues admin.existingSecret <- login[u] in app", "helmValues admin.existingSecret <- login[p] in app"],
    ),
    "secretRef plain": ("secretRef: login", ["helmValues secretRef <- login in app"]),
    "serviceaccount": ("serviceAccount: {imagePullSecrets: [{name: regcred}]}", ["imagePullSecret <- regcred"]),
    "gateway tls": (
        "gateway: {tls: {certificateRefs: [{name: web-tls}]}}",
        ["ingressTLS gateway.tls.certificateRefs <- web-tls"],
    ),
    "sidecars": (
        "sidecars: [{name: s, image: x, env: [{name: A, valueFrom: {secretKeyRef: {name: login, key: k}}}]}]",
        ["env A <- login[k] in s"],
    ),
    "initContainers": (
        "initContainers: [{name: s, image: x, envFrom: [{secretRef: {name: login}}]}]",
        ["envFrom <- login in s"],
    ),
}


@pytest.mark.parametrize(("values", "expected"), _FORMS.values(), ids=_FORMS)
def test_a_form_is_found_with_how_key_env_and_path(values: str, expected: list[str]) -> None:
    assert in_values(values) == expected


@pytest.mark.parametrize(("values", "expected"), [form for form in _FORMS.values() if len(form[1]) == 1])
def test_a_form_is_found_at_the_line_that_names_the_secret(values: str, expected: list[str]) -> None:
    secret = expected[0].partition("<- ")[2].split("[")[0].split()[0]
    spread = values.replace(secret, f"\n  {secret}", 1) if "{" in values else values

    found = only(consumers_of(release(f"# first\n{spread}\n")))

    at = next(number for number, line in enumerate(release(f"# first\n{spread}\n").splitlines(), 1) if secret in line)
    assert found.location.line in (at, at - 1)
    assert found.secret == secret
