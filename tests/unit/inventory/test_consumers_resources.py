"""Fields of custom and other resources that name a Secret, and those that only look like it."""

from __future__ import annotations

import pytest

from injector.model import How
from tests.unit.inventory.reading import consumers_of, only, shown


def _resource(kind: str, spec: str, version: str = "example.org/v1") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: r, namespace: n}}\nspec: {{{spec}}}\n"


_FIELDS = [
    ("Keycloak", "db: {passwordSecret: {name: s, key: k}}", "spec.db.passwordSecret", "k"),
    ("BackupTarget", "credentialSecret: s", "spec.credentialSecret", ""),
    (
        "PostgresCluster",
        "backups: {pgbackrest: {configuration: [{secret: {name: s}}]}}",
        "spec.backups.pgbackrest.configuration.secret",
        "",
    ),
    ("PostgresCluster", "customTLSSecret: {name: s}", "spec.customTLSSecret", ""),
    ("Cluster", "superuserSecret: {name: s}", "spec.superuserSecret", ""),
    (
        "Cluster",
        "bootstrap: {initdb: {database: app, secret: {name: s}}}",
        "spec.bootstrap.initdb.secret",
        "",
    ),
    (
        "Cluster",
        "managed: {roles: [{name: app, passwordSecret: {name: s}}]}",
        "spec.managed.roles.passwordSecret",
        "",
    ),
    (
        "Cluster",
        "backup: {barmanObjectStore: {s3Credentials: {accessKeyId: {name: s, key: k}}}}",
        "spec.backup.barmanObjectStore.s3Credentials.accessKeyId",
        "k",
    ),
    ("PerconaXtraDBCluster", "secretsName: s", "spec.secretsName", ""),
    ("PerconaServerMongoDB", "secrets: {users: s}", "spec.secrets.users", ""),
    (
        "PipelineServer",
        "storage: {s3CredentialsSecret: {secretName: s, accessKey: A_KEY_ID, secretKey: A_SECRET}}",
        "spec.storage.s3CredentialsSecret",
        "",
    ),
    (
        "ObjectStore",
        "configuration: {s3Credentials: {secretAccessKey: {name: s, key: k}}}",
        "spec.configuration.s3Credentials.secretAccessKey",
        "k",
    ),
    (
        "AlertmanagerConfig",
        "receivers: [{emailConfigs: [{authPassword: {name: s, key: k}}]}]",
        "spec.receivers.emailConfigs.authPassword",
        "k",
    ),
    (
        "Cluster",
        "externalClusters: [{name: old, password: {name: s, key: k}}]",
        "spec.externalClusters.password",
        "k",
    ),
    (
        "GrafanaDatasource",
        "valuesFrom: [{targetPath: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
        "spec.valuesFrom.valueFrom.secretKeyRef",
        "k",
    ),
    (
        "Grafana",
        "external: {url: 'http://g', adminPassword: {name: s, key: k}}",
        "spec.external.adminPassword",
        "k",
    ),
    (
        "MongoDBCommunity",
        "users: [{name: u, passwordSecretRef: {name: s}, scramCredentialsSecretName: out}]",
        "spec.users.passwordSecretRef",
        "",
    ),
    ("ReplicationSource", "restic: {repository: s, copyMethod: Snapshot}", "spec.restic.repository", ""),
    ("ReplicationDestination", "rsyncTLS: {keySecret: s}", "spec.rsyncTLS.keySecret", ""),
    ("BackupStorageLocation", "credential: {name: s, key: k}", "spec.credential", "k"),
    (
        "TriggerAuthentication",
        "secretTargetRef: [{parameter: p, name: s, key: k}]",
        "spec.secretTargetRef",
        "k",
    ),
    (
        "AlertmanagerConfig",
        "receivers: [{name: x, slackConfigs: [{apiURL: {name: s, key: k}}]}]",
        "spec.receivers.slackConfigs.apiURL",
        "k",
    ),
    (
        "ServiceMonitor",
        "endpoints: [{basicAuth: {password: {name: s, key: k}}}]",
        "spec.endpoints.basicAuth.password",
        "k",
    ),
    ("Prometheus", "additionalScrapeConfigs: {name: s, key: k}", "spec.additionalScrapeConfigs", "k"),
    (
        "ProviderConfig",
        "credentials: {source: Secret, secretRef: {name: s, namespace: n, key: k}}",
        "spec.credentials.secretRef",
        "k",
    ),
    (
        "KafkaConnect",
        "authentication: {type: plain, passwordSecret: {secretName: s, password: k}}",
        "spec.authentication.passwordSecret",
        "k",
    ),
    (
        "KafkaConnect",
        "tls: {trustedCertificates: [{secretName: s, certificate: ca.crt}]}",
        "spec.tls.trustedCertificates.secretName",
        "ca.crt",
    ),
    ("TaskRun", "workspaces: [{name: w, secret: {secretName: s}}]", "spec.workspaces.secret", ""),
    ("Elasticsearch", "secureSettings: [{secretName: s}]", "spec.secureSettings.secretName", ""),
    ("MariaDB", "rootPasswordSecretKeyRef: {name: s, key: k}", "spec.rootPasswordSecretKeyRef", "k"),
    ("Dragonfly", "authentication: {passwordFromSecret: {name: s, key: k}}", "spec.authentication.passwordFromSecret", "k"),
    ("Tenant", "configuration: {name: s}", "spec.configuration", ""),
    ("SecurityPolicy", "basicAuth: {users: {name: s}}", "spec.basicAuth.users", ""),
    ("Middleware", "basicAuth: {secret: s}", "spec.basicAuth.secret", ""),
    ("Widget", "passwordSecret: {secretName: s, key: k}", "spec.passwordSecret", "k"),
    ("Widget", "secretRefs: [{name: s}]", "spec.secretRefs", ""),
    ("Widget", "configSecret: {name: s, key: '{{ x }}'}", "spec.configSecret", "{{ x }}"),
    ("Widget", "adminSecret: s, adminSecretKey: k", "spec.adminSecret", "k"),
    ("Widget", "adminSecret: s, adminSecretNamespace: n", "spec.adminSecret", ""),
    ("LokiStack", "storage: {secret: {name: s, type: s3}}", "spec.storage.secret", ""),
    ("Terraform", "varsFrom: [{kind: Secret, name: s}]", "spec.varsFrom", ""),
    (
        "PersistentVolume",
        "csi: {driver: d, nodeStageSecretRef: {name: s, namespace: n}}",
        "spec.csi.nodeStageSecretRef",
        "",
    ),
    ("Issuer", "ca: {secretName: s}", "spec.ca.secretName", ""),
    (
        "Issuer",
        "acme: {privateKeySecretRef: {name: out}, solvers: [{dns01: {cloudflare: {apiTokenSecretRef: {name: s, key: k}}}}]}",
        "spec.acme.solvers.dns01.cloudflare.apiTokenSecretRef",
        "k",
    ),
    (
        "Certificate",
        "secretName: out, keystores: {jks: {passwordSecretRef: {name: s, key: k}}}",
        "spec.keystores.jks.passwordSecretRef",
        "k",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spec", "path", "key"), _FIELDS)
def test_fields_of_custom_resources_name_secrets(kind: str, spec: str, path: str, key: str) -> None:
    found = only(consumers_of(_resource(kind, spec)))

    assert (found.how, found.secret, found.path, found.key) == (How.CUSTOM_RESOURCE, "s", path, key)


_NO_READERS = [
    ("Certificate", "secretName: out, issuerRef: {name: i, kind: ClusterIssuer}"),
    ("Database", "writeConnectionSecretToRef: {name: out, namespace: n}"),
    ("Terraform", "writeOutputsToSecret: {name: out}"),
    ("InfisicalSecret", "managedSecretReference: {secretName: out, secretNamespace: n}"),
    ("VaultStaticSecret", "destination: {name: out, create: true}, path: x"),
    ("Widget", "secretStoreRef: {name: vault, kind: SecretStore}"),
    ("Widget", "clientSecret: a-literal-value"),
    ("Widget", "webhookSecret: a-literal-value"),
    ("Widget", "passwordSecret: 'not a name'"),
    ("Widget", "passwordSecret: 'a/b'"),
    ("Widget", "passwordSecret: '{{ .Values.x }}'"),
    ("Widget", "passwordSecret: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"),
    ("Widget", "configMapKeyRef: {name: c, key: k}"),
    ("Widget", "password: {name: c, key: k, nested: {x: y}}"),
    ("Widget", "valuesFrom: [{kind: ConfigMap, name: c}]"),
    ("Widget", "caProvider: {type: ConfigMap, name: c, key: k}"),
    ("Widget", "secretKey: some-key, secretNamespace: n"),
    ("PostgresCluster", "databaseInitSQL: {name: c, key: init.sql}"),
    ("Widget", "secretName: 5, secretRef: [], secret: true, secrets: [1, {}, []]"),
]


@pytest.mark.parametrize(("kind", "spec"), _NO_READERS)
def test_fields_that_read_no_secret_are_left_alone(kind: str, spec: str) -> None:
    assert consumers_of(_resource(kind, spec)) == []


_INGRESSES = [
    ("Ingress", "networking.k8s.io/v1", "tls: [{secretName: s, hosts: [a]}]"),
    (
        "Gateway",
        "gateway.networking.k8s.io/v1",
        "listeners: [{tls: {certificateRefs: [{name: s}]}}]",
    ),
    (
        "Gateway",
        "gateway.networking.k8s.io/v1",
        "listeners: [{tls: {certificateRefs: [{kind: Secret, name: s}]}}]",
    ),
    ("Gateway", "networking.istio.io/v1", "servers: [{tls: {credentialName: s}}]"),
    ("IngressRoute", "traefik.io/v1alpha1", "tls: {secretName: s}"),
    ("TLSStore", "traefik.io/v1alpha1", "defaultCertificate: {secretName: s}"),
    ("HTTPProxy", "projectcontour.io/v1", "virtualhost: {tls: {secretName: s}}"),
]


@pytest.mark.parametrize(("kind", "version", "spec"), _INGRESSES)
def test_certificates_of_ingresses_are_tls(kind: str, version: str, spec: str) -> None:
    found = only(consumers_of(_resource(kind, spec, version)))

    assert (found.how, found.secret) == (How.INGRESS_TLS, "s")


def test_basic_auth_annotation_of_an_ingress_names_a_secret() -> None:
    found = only(
        consumers_of(
            """
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata:
              name: r
              namespace: n
              annotations: {nginx.ingress.kubernetes.io/auth-secret: other/basic}
            """
        )
    )

    assert (found.how, found.secret, found.secret_namespace) == (
        How.CUSTOM_RESOURCE,
        "basic",
        "other",
    )


def test_service_accounts_name_secrets_and_pull_secrets() -> None:
    found = consumers_of(
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: sa, namespace: n}
        secrets: [{name: token}]
        imagePullSecrets: [{name: regcred}]
        """
    )

    assert shown(found) == ["serviceAccount secrets <- token", "imagePullSecret <- regcred"]


_STORES = [
    ("SecretStore", "provider: {vault: {auth: {tokenSecretRef: {name: s, key: k}}}}"),
    ("ClusterSecretStore", "provider: {vault: {auth: {appRole: {secretRef: {name: s, key: k}}}}}"),
    ("SecretStore", "provider: {vault: {caProvider: {type: Secret, name: s, key: k}}}"),
    (
        "SecretStore",
        "provider: {aws: {auth: {secretRef: {accessKeyIDSecretRef: {name: s, key: k}}}}}",
    ),
    (
        "ClusterSecretStore",
        "provider: {infisical: {auth: {universalAuthCredentials: {clientId: {name: s, key: k}}}}}",
    ),
    (
        "SecretStore",
        "provider: {onepassword: {auth: {secretRef: {connectTokenSecretRef: {name: s, key: k}}}}}",
    ),
    ("SecretStore", "provider: {webhook: {secrets: [{name: auth, secretRef: {name: s, key: k}}]}}"),
]


@pytest.mark.parametrize(("kind", "spec"), _STORES)
def test_stores_log_in_with_secrets(kind: str, spec: str) -> None:
    found = only(consumers_of(_resource(kind, spec, "external-secrets.io/v1")))

    assert (found.how, found.secret, found.key) == (How.STORE_AUTH, "s", "k")


def test_generators_log_in_like_stores() -> None:
    spec = "auth: {secretRef: {accessKeyIDSecretRef: {name: s, key: k}}}"
    found = only(consumers_of(_resource("ECRAuthorizationToken", spec, "generators.external-secrets.io/v1alpha1")))

    assert found.how == How.STORE_AUTH


@pytest.mark.parametrize("kind", ["PushSecret", "ClusterPushSecret"])
def test_push_secrets_are_read_by_who_knows_where_they_push(kind: str) -> None:
    spec = "selector: {secret: {name: s}}, data: [{match: {secretKey: k}}]"

    assert consumers_of(_resource(kind, spec, "external-secrets.io/v1alpha1")) == []


@pytest.mark.parametrize(
    ("kind", "outer"), [("ExternalSecret", "{}"), ("ClusterExternalSecret", "externalSecretSpec: {{{}}}")]
)
def test_templates_from_secrets_read_their_keys(kind: str, outer: str) -> None:
    inner = (
        "target: {template: {templateFrom: [{secret: {name: s, items: [{key: a}, {key: b}]}}, {configMap: {name: c}}]}}"
    )
    spec = inner if outer == "{}" else outer.format(inner)
    found = consumers_of(_resource(kind, spec, "external-secrets.io/v1"))

    assert [(one.how, one.secret, one.key) for one in found] == [
        (How.TEMPLATE_FROM, "s", "a"),
        (How.TEMPLATE_FROM, "s", "b"),
    ]


def test_target_of_an_external_secret_is_no_reader() -> None:
    spec = "target: {name: out}, data: [{secretKey: k, remoteRef: {key: x}}]"

    assert consumers_of(_resource("ExternalSecret", spec, "external-secrets.io/v1")) == []


def test_secrets_of_a_cluster_issuer_lie_in_cert_managers_namespace() -> None:
    found = only(
        consumers_of(
            "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: le}\n"
            "spec: {acme: {solvers: [{dns01: {cloudflare: {apiTokenSecretRef: {name: s, key: k}}}}]}}\n"
        )
    )

    assert found.secret_namespace == "cert-manager"  # noqa: S105 - a namespace


def test_secrets_that_prometheus_mounts_are_volumes() -> None:
    found = consumers_of(_resource("Prometheus", "secrets: [etcd-certs]", "monitoring.coreos.com/v1"))

    assert shown(found) == ["volume /etc/prometheus/secrets/etcd-certs <- etcd-certs"]


def test_storage_classes_name_secrets_in_parameters() -> None:
    found = only(
        consumers_of(
            """
            apiVersion: storage.k8s.io/v1
            kind: StorageClass
            metadata: {name: fast}
            parameters:
              csi.storage.k8s.io/provisioner-secret-name: s
              csi.storage.k8s.io/provisioner-secret-namespace: ns
              other: x
            """
        )
    )

    assert (found.secret, found.secret_namespace) == ("s", "ns")


def test_namespace_of_the_object_itself_is_not_repeated() -> None:
    found = only(consumers_of(_resource("Widget", "secretRef: {name: s, namespace: n}")))

    assert found.secret_namespace == ""


def test_nesting_without_end_is_cut_off() -> None:
    deep = "{a: " * 80 + "{secretName: s}" + "}" * 80

    assert consumers_of(_resource("Widget", f"x: {deep}")) == []


@pytest.mark.parametrize("value", ["regcred", "[regcred]", "[{name: regcred}]"])
def test_pull_secrets_of_custom_resources_are_read(value: str) -> None:
    found = consumers_of(_resource("Widget", f"imagePullSecret: {value}"))

    assert shown(found) == ["imagePullSecret <- regcred"]


def test_a_secret_reference_without_a_usable_name_is_walked_and_left() -> None:
    assert consumers_of(_resource("Widget", "varsFrom: [{kind: Secret, name: 'a b'}, {kind: Secret}]")) == []


def test_generic_names_with_kustomizes_hash_are_names() -> None:
    found = only(consumers_of(_resource("Widget", "configSecret: app-env-m8tb2g4d6k")))

    assert found.secret == "app-env-m8tb2g4d6k"  # noqa: S105 - a name
