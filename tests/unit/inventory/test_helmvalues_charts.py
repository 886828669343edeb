"""Values as the well-known charts have them; each from the chart's own values.yaml."""

from __future__ import annotations

import pytest

from injector.model import How
from tests.unit.inventory.reading import consumers_of, in_values, only, release

_CHARTS = {
    "authentik: global env": (
        "authentik",
        "global: {env: [{name: AUTHENTIK_POSTGRESQL__PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}]}",
        ["env AUTHENTIK_POSTGRESQL__PASSWORD <- s[k] in authentik"],
    ),
    "authentik: existingSecret": (
        "authentik",
        "authentik: {existingSecret: {secretName: s}}",
        ["helmValues authentik.existingSecret <- s in authentik"],
    ),
    "nextcloud: database": (
        "nextcloud",
        "externalDatabase: {existingSecret: {enabled: true, secretName: s, usernameKey: u, passwordKey: p}}",
        [
            "helmValues externalDatabase.existingSecret <- s[u] in nextcloud",
            "helmValues externalDatabase.existingSecret <- s[p] in nextcloud",
        ],
    ),
    "nextcloud: switched off": (
        "nextcloud",
        "nextcloud: {existingSecret: {enabled: false, secretName: s}}",
        [],
    ),
    "bitnami postgresql": (
        "postgresql",
        "auth: {existingSecret: s, secretKeys: {adminPasswordKey: a, userPasswordKey: b}}",
        ["helmValues auth.existingSecret <- s[a] in postgresql", "helmValues auth.existingSecret <- s[b] in postgresql"],
    ),
    "bitnami sub-chart": (
        "gitlab-like",
        "postgresql: {enabled: true, auth: {existingSecret: s}}",
        ["helmValues postgresql.auth.existingSecret <- s in postgresql"],
    ),
    "sub-chart switched off": (
        "x",
        "{postgresql: {enabled: false, auth: {existingSecret: s}}, externalDatabase: {existingSecret: t}}",
        ["helmValues externalDatabase.existingSecret <- t in x"],
    ),
    "bitnami redis": (
        "redis",
        "auth: {existingSecret: s, existingSecretPasswordKey: k}",
        ["helmValues auth.existingSecret <- s[k] in redis"],
    ),
    "bitnami external database": (
        "keycloak",
        "externalDatabase: {existingSecret: s, existingSecretUserKey: u, existingSecretPasswordKey: p, host: h}",
        [
            "helmValues externalDatabase.existingSecret <- s[u] in keycloak",
            "helmValues externalDatabase.existingSecret <- s[p] in keycloak",
        ],
    ),
    "bitnami: variables": ("x", "extraEnvVarsSecret: s", ["envFrom <- s in x"]),
    "harbor: admin": (
        "harbor",
        "{existingSecretAdminPassword: s, existingSecretAdminPasswordKey: PW, existingSecretSecretKey: t}",
        [
            "helmValues existingSecretAdminPassword <- s[PW] in harbor",
            "helmValues existingSecretSecretKey <- t in harbor",
        ],
    ),
    "harbor: database": (
        "harbor",
        "database: {type: external, external: {host: h, existingSecret: s}}",
        ["helmValues database.external.existingSecret <- s in harbor"],
    ),
    "harbor: storage": (
        "harbor",
        "persistence: {imageChartStorage: {type: s3, s3: {existingSecret: s}}}",
        ["helmValues persistence.imageChartStorage.s3.existingSecret <- s in harbor"],
    ),
    "keycloakx: lists as text": (
        "keycloakx",
        "extraEnvFrom: |\n  - secretRef:\n      name: '{{ .Release.Name }}-env'\n",
        ["envFrom <- app-env in keycloakx"],
    ),
    "keycloakx: volumes as text": (
        "keycloakx",
        "extraVolumes: |\n  - {name: t, secret: {secretName: s}}\nextraVolumeMounts: |\n  - {name: t, mountPath: /t}\n",
        ["volume /t <- s in keycloakx"],
    ),
    "grafana: envValueFrom": (
        "grafana",
        "envValueFrom: {GF_DATABASE_PASSWORD: {secretKeyRef: {name: s, key: k}}}",
        ["env GF_DATABASE_PASSWORD <- s[k] in grafana"],
    ),
    "grafana: envFromSecrets": (
        "grafana",
        "{envFromSecret: s, envFromSecrets: [{name: t, prefix: P_, optional: true}, u]}",
        ["envFrom <- s in grafana", "envFrom P_ <- t in grafana", "envFrom <- u in grafana"],
    ),
    "grafana: admin": (
        "grafana",
        "admin: {existingSecret: s, userKey: u, passwordKey: p}",
        ["helmValues admin.existingSecret <- s[u] in grafana", "helmValues admin.existingSecret <- s[p] in grafana"],
    ),
    "grafana: extraSecretMounts": (
        "grafana",
        "extraSecretMounts: [{name: m, secretName: s, mountPath: /m, subPath: k}]",
        ["volume /m <- s[k] in grafana"],
    ),
    "grafana: projected mount": (
        "grafana",
        "extraSecretMounts: [{name: m, mountPath: /m, projected: {sources: [{secret: {name: s}}]}}]",
        ["volume /m <- s in grafana"],
    ),
    "grafana: values that are secrets": ("grafana", "envRenderSecret: {PASSWORD: x}", []),
    "kube-prometheus-stack: nested": (
        "kube-prometheus-stack",
        "grafana: {envFromSecret: s}",
        ["envFrom <- s in grafana"],
    ),
    "kube-prometheus-stack: mounted": (
        "kube-prometheus-stack",
        "alertmanager: {alertmanagerSpec: {secrets: [s]}}",
        ["volume /etc/alertmanager/secrets/s <- s in kube-prometheus-stack"],
    ),
    "gitea: configuration": (
        "gitea",
        "gitea: {additionalConfigSources: [{secret: {secretName: s}}]}",
        ["helmValues gitea.additionalConfigSources.secret <- s in gitea"],
    ),
    "gitea: variables": (
        "gitea",
        "gitea: {additionalConfigFromEnvs: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}",
        ["env A <- s[k] in gitea"],
    ),
    "vaultwarden: keys one level deeper": (
        "vaultwarden",
        "smtp: {existingSecret: s, username: {existingSecretKey: u}, password: {existingSecretKey: p}}",
        ["helmValues smtp.existingSecret <- s[u] in vaultwarden", "helmValues smtp.existingSecret <- s[p] in vaultwarden"],
    ),
    "gitlab: secret and key": (
        "gitlab",
        "global: {psql: {password: {secret: s, key: k}}}",
        ["helmValues global.psql.password.secret <- s[k] in gitlab"],
    ),
    "langfuse: secretKeyRef": (
        "langfuse",
        "langfuse: {salt: {secretKeyRef: {name: s, key: k}}}",
        ["helmValues langfuse.salt.secretKeyRef <- s[k] in langfuse"],
    ),
    "minio: users": (
        "minio",
        "users: [{accessKey: a, existingSecret: s, existingSecretKey: k}]",
        ["helmValues users.existingSecret <- s[k] in minio"],
    ),
    "zitadel: name and key": (
        "zitadel",
        "zitadel: {configSecretName: s, configSecretKey: k}",
        ["helmValues zitadel.configSecretName <- s[k] in zitadel"],
    ),
    "longhorn": (
        "longhorn",
        "defaultSettings: {backupTargetCredentialSecret: s}",
        ["helmValues defaultSettings.backupTargetCredentialSecret <- s in longhorn"],
    ),
    "n8n: mapping of variables": (
        "n8n",
        "main: {extraEnv: {A: {valueFrom: {secretKeyRef: {name: s, key: k}}}, B: {value: x}}}",
        ["env A <- s[k] in main"],
    ),
    "oauth2-proxy": (
        "oauth2-proxy",
        "sessionStorage: {redis: {existingSecret: s, passwordKey: k}}",
        ["helmValues sessionStorage.redis.existingSecret <- s[k] in oauth2-proxy"],
    ),
    "chartmuseum: groups of variables": (
        "chartmuseum",
        "env: {open: {STORAGE: amazon}, secret: {PASSWORD: x}, existingSecret: s}",
        ["helmValues env.existingSecret <- s in chartmuseum"],
    ),
    "sidecars": (
        "x",
        "extraContainers: [{name: side, image: i, envFrom: [{secretRef: {name: s}}]}]",
        ["envFrom <- s in side"],
    ),
    "envSecrets mapping": (
        "x",
        "envSecrets: {A: {name: s, key: k}, B: {secretName: t, secretKey: l}, C: plain}",
        ["env A <- s[k] in x", "env B <- t[l] in x"],
    ),
    "secretEnvVars list": (
        "x",
        "secretEnvVars: [{name: A, secretName: s, secretKey: k}, {name: B, secretKeyRef: {name: t, key: l}}]",
        ["env A <- s[k] in x", "env B <- t[l] in x"],
    ),
    "secretEnv with keys": (
        "x",
        "secretEnv: {secretName: s, keys: {A: k, B: l}}",
        ["env A <- s[k] in x", "env B <- s[l] in x"],
    ),
    "drone and woodpecker": (
        "woodpecker",
        "server: {extraSecretNamesForEnvFrom: [s, t]}",
        ["envFrom <- s in woodpecker", "envFrom <- t in woodpecker"],
    ),
    "an existing Secret that is not used": ("x", "{useExistingSecret: false, existingSecretName: s}", []),
    "secretEnv as text": (
        "x",
        "secretEnvs: [{name: A, secretRef: s, key: k}, {name: s}, {name: t, key: k, envName: T}, {}, 5, {secretName: '{{ x }}', name: B}]",
        ["env A <- s[k] in x", "envFrom <- s in x", "env T <- t[k] in x"],
    ),
    "envFrom of one Secret": ("x", "envSecret: {name: s}", ["envFrom <- s in x"]),
    "list of names": ("x", "existingSecrets: [s, t]", ["helmValues existingSecrets <- s in x", "helmValues existingSecrets <- t in x"]),
    "secrets with mount paths": (
        "x",
        "secrets: [{name: v, secretName: s, mountPath: /s}]",
        ["volume /s <- s in x"],
    ),
    "secret with mount path": ("x", "kubeconfig: {secretName: s, mountPath: /k}", ["volume /k <- s in x"]),
    "definitions": ("x", "secrets: [{name: s, data: {a: b}}]", []),
    "variables under any name": (
        "x",
        "podVariables: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
        ["env A <- s[k] in x"],
    ),
    "variable mapping under any name": (
        "x",
        "settings: {A: {valueFrom: {secretKeyRef: {name: s, key: k}}}}",
        ["helmValues settings.A.valueFrom.secretKeyRef <- s[k] in x"],
    ),
    "persistence with a Secret's name": (
        "x",
        "persistence: {secretName: s}",
        ["helmValues persistence.secretName <- s in x"],
    ),
    "volumes as a mapping": (
        "x",
        "volumes: {v: {secret: {secretName: s}}}\nvolumeMounts: [{name: v, mountPath: /v}]",
        ["volume /v <- s in x"],
    ),
    "kind and name": ("x", "varsFrom: [{kind: Secret, name: s}]", ["helmValues varsFrom <- s in x"]),
}  # fmt: skip


@pytest.mark.parametrize("name", _CHARTS)
def test_charts_name_their_secrets(name: str) -> None:
    chart, values, expected = _CHARTS[name]

    assert in_values(values, chart) == expected


_OTHER_WAYS = [
    ("imagePullSecrets: [{name: s}]", How.IMAGE_PULL),
    ("global: {imagePullSecrets: [s]}", How.IMAGE_PULL),
    ("image: {pullSecrets: [s]}", How.IMAGE_PULL),
    ("imagePullSecret: s", How.IMAGE_PULL),
    ("metadata: {imageSecretName: s}", How.IMAGE_PULL),
    ("imagePullSecret: {name: s}", How.IMAGE_PULL),
    ("ingress: {tls: [{secretName: s, hosts: [x]}]}", How.INGRESS_TLS),
    ("server: {ingress: {main: {tls: [{secretName: s}]}}}", How.INGRESS_TLS),
    ("ingress: {annotations: {nginx.ingress.kubernetes.io/auth-secret: s}}", How.CUSTOM_RESOURCE),
    (
        "metrics: {serviceMonitor: {basicAuth: {password: {name: s, key: k}}}}",
        How.CUSTOM_RESOURCE,
    ),
    (
        "prometheus: {prometheusSpec: {remoteWrite: [{basicAuth: {username: {name: s, key: k}}}]}}",
        How.CUSTOM_RESOURCE,
    ),
    (
        "configuration: {backupStorageLocation: [{credential: {name: s, key: k}}]}",
        How.CUSTOM_RESOURCE,
    ),
]


@pytest.mark.parametrize(("values", "how"), _OTHER_WAYS)
def test_what_no_container_reads_is_told_apart(values: str, how: How) -> None:
    found = only(consumers_of(release(values)))

    assert (found.how, found.secret, found.container) == (how, "s", None)


_NO_NAMES = [
    "clientSecret: literal-value",
    "jwtSecret: literal-value",
    "adminSecret: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
    "webhook: {secret: literal}",
    "existingSecret: ''",
    "existingSecret: '{{ include \"x\" . }}'",
    "existingSecret: a b",
    "externalSecret: {enabled: true, target: {name: s}, secretName: s}",
    "certificate: {create: true, secretName: {name: s, create: true}}",
    "secretKey: abc",
    "auth: {enabled: false, existingSecret: s}",
    "podAnnotations: {secretName: s}",
    "varsFrom: [{kind: Secret, name: 'a b'}]",
    "adminSecret: {secretName: 'a b', name: 'c d'}",
    "volumes: [{name: v, secret: {}}, {name: w, configMap: {name: c}}]",
    "envFromSecrets: ['{{ x }}', 5]",
    "x: {kind: ConfigMap, name: s, secretRef: {kind: ConfigMap, name: s}}",
    "imagePullSecrets: [{}, 5, '{{ x }}']",
    "imagePullSecret: '{{ x }}'",
    "extraEnvVarsSecret: '{{ x }}'",
    "extraEnvVars: |\n  {{- toYaml .Values.x }}: {{ }\n",
    "envSecrets: {A: {key: k}}",
    "secrets: [{name: '{{ x }}', mountPath: /x}, [], 1]",
]


@pytest.mark.parametrize("values", _NO_NAMES)
def test_what_is_no_name_is_no_consumer(values: str) -> None:
    assert in_values(values) == []


def test_values_without_anything_read_nothing() -> None:
    assert in_values("{}") == []


def test_location_is_the_line_that_names_the_secret() -> None:
    found = only(
        consumers_of(
            release("""
            auth:
              # the database's
              existingSecret: s
            """)
        )
    )

    assert found.location.line == 10


def test_a_key_that_looks_like_key_material_is_not_kept() -> None:
    found = only(consumers_of(release("s3: {existingSecret: s, passwordKey: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY}")))

    assert found.key == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("extraSecretEnvironmentVars: [{envName: TOKEN, secretName: s, secretKey: k}]", "env TOKEN <- s[k] in app"),
        ("envs: {secretMappings: {TOKEN: {name: s, keyName: k}}}", "env TOKEN <- s[k] in app"),
        ("oauthSecretVolume: {secret: {secretName: s}}", "volume <- s in app"),
        (
            "postgresql: {enabled: false, auth: {existingSecret: s}}",
            "helmValues postgresql.auth.existingSecret <- s in app",
        ),
    ],
)
def test_rarer_forms_are_read(values: str, expected: str) -> None:
    assert in_values(values) == [expected]


def test_what_is_switched_off_reads_nothing() -> None:
    assert in_values("worker: {enabled: false, existingSecret: s}") == []
