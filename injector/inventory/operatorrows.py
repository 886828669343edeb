"""The table of operators: which custom resource makes which Secret, with which keys.

Read a row as "for a `kind` of `group`, when `when` holds, a Secret `target` with `keys`". How rows are read stands in
`injector.inventory.operators`. Every block names its source; what an operator only uses inside (peer certificates,
replication users) is listed when workloads can be seen to mount it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_USER_PASSWORD: Final = ("username", "password")
_TLS: Final = ("tls.crt", "tls.key", "ca.crt")
_BASIC: Final = "kubernetes.io/basic-auth"
_TLS_TYPE: Final = "kubernetes.io/tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A row of the table.

    Patterns hold placeholders in braces: the resource's ``{name}``, ``{spec.a.b}`` any of its fields, ``{item.x}`` of the current item, ``{key}`` of the current key, ``{a|b|'text'}`` the first that has a value.

    Attributes:
        group: API group; several with ``|``.
        kind: several with ``|``; ``*`` for all kinds of the group.
        target: patterns of the Secret's name; the first that can be filled counts.
        keys: patterns of its keys; those that cannot be filled are left out; ``*`` when they are not known.
        namespace: pattern of its namespace, when it is not the resource's.
        each: path of a list or mapping; a Secret for every item.
        when: conditions that must all hold: ``path`` (set, and not false), ``path=text``, ``path?`` (present), ``!``
            before it for the contrary, ``&`` between several.
        more: (condition, further keys).
        listed: path of further keys: ``a.b[].field`` of a list, ``a.b`` the keys of a mapping.
        annotations: one of these must stand on the resource.
        type: the Secret's type.
    """

    group: str
    kind: str
    target: tuple[str, ...]
    keys: tuple[str, ...]
    namespace: str = ""
    each: str = ""
    when: tuple[str, ...] = ()
    more: tuple[tuple[str, tuple[str, ...]], ...] = ()
    listed: str = ""
    annotations: tuple[str, ...] = ()
    type: str = ""


_PGUSER_MORE: Final = (
    ("spec.proxy.pgBouncer?", ("pgbouncer-host", "pgbouncer-port")),
    ("item.databases", ("dbname", "uri", "jdbc-uri")),
    ("spec.proxy.pgBouncer?&item.databases", ("pgbouncer-uri", "pgbouncer-jdbc-uri")),
)
_CNPG: Final = "postgresql.cnpg.io|postgresql.k8s.enterprisedb.io"
_CNPG_KEYS: Final = (
    "username", "user", "password", "dbname", "host", "port", "pgpass", "uri", "jdbc-uri", "fqdn-uri", "fqdn-jdbc-uri",
)  # fmt: skip
_PGUSER: Final = ("user", "password", "host", "port", "verifier")
_PGUSER_DB: Final = ("dbname", "uri", "jdbc-uri")

_POSTGRESQL: Final = (
    # https://github.com/CrunchyData/postgres-operator internal/controller/postgrescluster/postgres.go; Percona's
    # operator is a fork of it. An empty list of users makes none, only a missing one the default user.
    Made(
        group="postgres-operator.crunchydata.com|pgv2.percona.com", kind="PostgresCluster|PerconaPGCluster",
        each="spec.users", target=("{item.secretName}", "{name}-pguser-{item.name}"), keys=_PGUSER, more=_PGUSER_MORE,
    ),
    Made(
        group="postgres-operator.crunchydata.com|pgv2.percona.com", kind="PostgresCluster|PerconaPGCluster",
        when=("!spec.users?",), target=("{name}-pguser-{name}",), keys=(*_PGUSER, *_PGUSER_DB),
        more=(("spec.proxy.pgBouncer?", ("pgbouncer-host", "pgbouncer-port", "pgbouncer-uri", "pgbouncer-jdbc-uri")),),
    ),
    Made(
        group="postgres-operator.crunchydata.com|pgv2.percona.com", kind="PostgresCluster|PerconaPGCluster",
        when=("!spec.customTLSSecret.name",), target=("{name}-cluster-cert",), keys=_TLS,
    ),
    # https://github.com/cloudnative-pg/cloudnative-pg pkg/specs/secrets.go, api/v1/cluster_funcs.go
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-app",), keys=_CNPG_KEYS, type=_BASIC,
        when=("!spec.bootstrap.initdb.secret.name", "!spec.bootstrap.recovery?", "!spec.bootstrap.pg_basebackup?"),
    ),
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-app",), keys=_CNPG_KEYS, type=_BASIC,
        when=("spec.bootstrap.recovery.database", "!spec.bootstrap.recovery.secret.name"),
    ),
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-app",), keys=_CNPG_KEYS, type=_BASIC,
        when=("spec.bootstrap.pg_basebackup.database", "!spec.bootstrap.pg_basebackup.secret.name"),
    ),
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-superuser",), keys=_CNPG_KEYS, type=_BASIC,
        when=("spec.enableSuperuserAccess", "!spec.superuserSecret.name"),
    ),
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-ca",), keys=("ca.crt", "ca.key"),
        when=("!spec.certificates.serverCASecret",),
    ),
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-server",), keys=("tls.crt", "tls.key"), type=_TLS_TYPE,
        when=("!spec.certificates.serverTLSSecret",),
    ),
    Made(
        group=_CNPG, kind="Cluster", target=("{name}-replication",), keys=("tls.crt", "tls.key"), type=_TLS_TYPE,
        when=("!spec.certificates.replicationTLSSecret",),
    ),
    # https://github.com/zalando/postgres-operator docs/user.md, pkg/util/config (secret_name_template)
    Made(
        group="acid.zalan.do", kind="postgresql", each="spec.users",
        target=("{key}.{name}.credentials.postgresql.acid.zalan.do",), keys=_USER_PASSWORD,
    ),
    Made(
        group="acid.zalan.do", kind="postgresql", target=("postgres.{name}.credentials.postgresql.acid.zalan.do",),
        keys=_USER_PASSWORD,
    ),
    Made(
        group="acid.zalan.do", kind="postgresql", target=("standby.{name}.credentials.postgresql.acid.zalan.do",),
        keys=_USER_PASSWORD,
    ),
    # https://github.com/movetokube/postgres-operator README
    Made(
        group="db.movetokube.com", kind="PostgresUser", target=("{spec.secretName}-{name}",),
        keys=("POSTGRES_URL", "POSTGRES_JDBC_URL", "POSTGRES_DOTNET_URL", "HOST", "DATABASE_NAME", "ROLE", "PASSWORD", "LOGIN"),
    ),
    # https://stackgres.io/doc/latest/administration/passwords/
    Made(
        group="stackgres.io", kind="SGCluster", target=("{name}",),
        keys=("superuser-username", "superuser-password", "replication-username", "replication-password",
              "authenticator-username", "authenticator-password"),
    ),
)  # fmt: skip

_MYSQL: Final = (
    # https://github.com/mariadb-operator/mariadb-operator api/v1alpha1/{connection_types,mariadb_keys}.go
    Made(
        group="k8s.mariadb.com|enterprise.mariadb.com", kind="Connection", target=("{spec.secretName}", "{name}"),
        keys=("{spec.secretTemplate.key|'dsn'}", "{spec.secretTemplate.usernameKey}", "{spec.secretTemplate.passwordKey}",
              "{spec.secretTemplate.hostKey}", "{spec.secretTemplate.portKey}", "{spec.secretTemplate.databaseKey}"),
    ),
    Made(
        group="k8s.mariadb.com|enterprise.mariadb.com", kind="MariaDB", when=("spec.connection?",),
        target=("{spec.connection.secretName}", "{name}"), keys=("{spec.connection.secretTemplate.key|'dsn'}",),
    ),
    Made(
        group="k8s.mariadb.com|enterprise.mariadb.com", kind="MariaDB",
        when=("!spec.rootPasswordSecretKeyRef.name", "!spec.rootEmptyPassword"), target=("{name}-root",),
        keys=("password",),
    ),
    Made(
        group="k8s.mariadb.com|enterprise.mariadb.com", kind="MariaDB", when=("spec.rootPasswordSecretKeyRef.generate",),
        target=("{spec.rootPasswordSecretKeyRef.name}",), keys=("{spec.rootPasswordSecretKeyRef.key|'password'}",),
    ),
    Made(
        group="k8s.mariadb.com|enterprise.mariadb.com", kind="MariaDB",
        when=("spec.username", "!spec.passwordSecretKeyRef.name", "!spec.passwordHashSecretKeyRef?"),
        target=("{name}-password",), keys=("password",),
    ),
    Made(
        group="k8s.mariadb.com|enterprise.mariadb.com", kind="MariaDB", when=("spec.passwordSecretKeyRef.generate",),
        target=("{spec.passwordSecretKeyRef.name}",), keys=("{spec.passwordSecretKeyRef.key|'password'}",),
    ),
    # https://docs.percona.com/percona-operator-for-mysql/pxc/users.html#system-users
    Made(
        group="pxc.percona.com", kind="PerconaXtraDBCluster", target=("{spec.secretsName}", "{name}-secrets"),
        keys=("root", "xtrabackup", "monitor", "proxyadmin", "operator", "replication"),
    ),
    # https://docs.percona.com/percona-operator-for-mysql/1.2.0/connection-secrets.html
    Made(
        group="ps.percona.com", kind="PerconaServerMySQL", target=("{name}-psuser-root",),
        keys=("host", "port", "user", "password", "uri", "proxy-host", "proxy-port", "proxy-uri"),
    ),
    Made(
        group="ps.percona.com", kind="PerconaServerMySQL", target=("{spec.secretsName}", "{name}-secrets"),
        keys=("root", "xtrabackup", "monitor", "operator", "replication", "orchestrator", "heartbeat"),
    ),
)  # fmt: skip

_DOCUMENTS_AND_QUEUES: Final = (
    # https://github.com/mongodb/mongodb-kubernetes-operator docs/deploy-configure.md, api/v1 (GetConnectionStringSecretName)
    Made(
        group="mongodbcommunity.mongodb.com", kind="MongoDBCommunity", each="spec.users",
        target=("{item.connectionStringSecretName}", "{name}-{item.db|'admin'}-{item.name}"),
        keys=("connectionString.standard", "connectionString.standardSrv", "username", "password"),
        namespace="{item.connectionStringSecretNamespace}",
    ),
    # https://docs.percona.com/percona-operator-for-mongodb/connection-secrets.html
    Made(
        group="psmdb.percona.com", kind="PerconaServerMongoDB", target=("{spec.secrets.users}", "{name}-secrets"),
        keys=("MONGODB_DATABASE_ADMIN_USER", "MONGODB_DATABASE_ADMIN_PASSWORD", "MONGODB_USER_ADMIN_USER",
              "MONGODB_USER_ADMIN_PASSWORD", "MONGODB_CLUSTER_ADMIN_USER", "MONGODB_CLUSTER_ADMIN_PASSWORD",
              "MONGODB_CLUSTER_MONITOR_USER", "MONGODB_CLUSTER_MONITOR_PASSWORD", "MONGODB_BACKUP_USER",
              "MONGODB_BACKUP_PASSWORD"),
    ),
    Made(
        group="psmdb.percona.com", kind="PerconaServerMongoDB", when=("spec.users",), target=("{name}-custom-user-secret",),
        keys=(), listed="spec.users[].name",
    ),
    # https://www.rabbitmq.com/kubernetes/operator/using-operator#creds
    Made(
        group="rabbitmq.com", kind="RabbitmqCluster", target=("{name}-default-user",),
        when=("!spec.secretBackend.externalSecret.name", "!spec.secretBackend.vault?"),
        keys=("username", "password", "host", "port", "provider", "type", "default_user.conf", "connection_string"),
    ),
    # https://github.com/rabbitmq/messaging-topology-operator internal/resource, api/v1beta1/user_types.go
    Made(group="rabbitmq.com", kind="User", target=("{name}-user-credentials",), keys=_USER_PASSWORD),
    # https://strimzi.io/docs/operators/latest/deploying (User Operator; cluster CA)
    Made(
        group="kafka.strimzi.io", kind="KafkaUser", target=("{name}",), keys=(),
        more=(("spec.authentication.type=scram-sha-512", ("password", "sasl.jaas.config")),
              ("spec.authentication.type=tls", ("ca.crt", "user.crt", "user.key", "user.p12", "user.password"))),
    ),
    Made(group="kafka.strimzi.io", kind="Kafka", target=("{name}-cluster-ca-cert",), keys=("ca.crt", "ca.p12", "ca.password")),
    Made(group="kafka.strimzi.io", kind="Kafka", target=("{name}-clients-ca-cert",), keys=("ca.crt", "ca.p12", "ca.password")),
    # https://redis.io/docs/latest/operate/kubernetes (Redis Enterprise). The Redis operators of Spotahome, OT-Container-Kit
    # and Dragonfly read a password that somebody else makes.
    Made(
        group="app.redislabs.com", kind="RedisEnterpriseDatabase", target=("{spec.databaseSecretName}", "redb-{name}"),
        keys=("password", "port", "service_name", "service_names"),
    ),
    Made(group="app.redislabs.com", kind="RedisEnterpriseCluster", target=("{name}",), keys=_USER_PASSWORD),
    # https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/managed-credentials-eck
    Made(group="elasticsearch.k8s.elastic.co", kind="Elasticsearch", target=("{name}-es-elastic-user",), keys=("elastic",)),
    Made(
        group="elasticsearch.k8s.elastic.co", kind="Elasticsearch", target=("{name}-es-http-certs-public",),
        keys=("tls.crt", "ca.crt"),
    ),
    # https://github.com/opensearch-project/opensearch-k8s-operator docs/userguide/main.md
    Made(
        group="opensearch.opster.io|opensearch.org", kind="OpenSearchCluster",
        when=("!spec.security.config.adminCredentialsSecret.name",), target=("{name}-admin-password",), keys=_USER_PASSWORD,
    ),
    # https://docs.k8ssandra.io/components/cass-operator/
    Made(
        group="cassandra.datastax.com", kind="CassandraDatacenter", target=("{spec.clusterName}-superuser",),
        keys=_USER_PASSWORD, when=("!spec.superuserSecretName",),
    ),
    Made(group="k8ssandra.io", kind="K8ssandraCluster", target=("{name}-superuser",), keys=_USER_PASSWORD),
    # https://kubedb.com/docs: every database's authentication Secret
    Made(
        group="kubedb.com", kind="*", when=("!spec.authSecret.name",), target=("{name}-auth",), keys=_USER_PASSWORD, type=_BASIC,
    ),
)  # fmt: skip

_STORAGE: Final = (
    # https://github.com/kube-object-storage/lib-bucket-provisioner, https://rook.io/docs/rook/latest/CRDs/Object-Storage/
    Made(
        group="objectbucket.io", kind="ObjectBucketClaim", target=("{name}",),
        keys=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ),
    Made(
        group="ceph.rook.io", kind="CephObjectStoreUser", target=("rook-ceph-object-user-{spec.store}-{name}",),
        keys=("AccessKey", "SecretKey", "Endpoint"),
    ),
    Made(group="ceph.rook.io", kind="CephCluster", target=("rook-ceph-dashboard-password",), keys=("password",)),
    # https://min.io/docs/minio/kubernetes/upstream: the root login is read, only the certificate is made
    Made(
        group="minio.min.io", kind="Tenant", when=("!spec.requestAutoCert=false",), target=("{name}-tls",),
        keys=("public.crt", "private.key"),
    ),
)  # fmt: skip

_CERT_MANAGER: Final = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")
_CERTIFICATES: Final = (
    # https://cert-manager.io/docs/reference/api-docs/
    Made(
        group="cert-manager.io|certmanager.k8s.io", kind="Certificate", target=("{spec.secretName}",), keys=_TLS,
        type=_TLS_TYPE,
        more=(("spec.keystores.jks.create", ("keystore.jks", "truststore.jks")),
              ("spec.keystores.pkcs12.create", ("keystore.p12", "truststore.p12"))),
    ),
    Made(
        group="cert-manager.io|certmanager.k8s.io", kind="Issuer", target=("{spec.acme.privateKeySecretRef.name}",),
        keys=("{spec.acme.privateKeySecretRef.key|'tls.key'}",),
    ),
    # A ClusterIssuer's account key lies in the namespace that cert-manager was given, "cert-manager" by default.
    Made(
        group="cert-manager.io|certmanager.k8s.io", kind="ClusterIssuer", target=("{spec.acme.privateKeySecretRef.name}",),
        keys=("{spec.acme.privateKeySecretRef.key|'tls.key'}",), namespace="{'cert-manager'}",
    ),
    Made(
        group="networking.k8s.io|extensions", kind="Ingress", each="spec.tls", target=("{item.secretName}",), keys=_TLS,
        type=_TLS_TYPE, annotations=_CERT_MANAGER,
    ),
)  # fmt: skip

_SECRET_TOOLS: Final = (
    # https://developer.1password.com/docs/k8s/operator/: one key per field of the item
    Made(group="onepassword.com", kind="OnePasswordItem", target=("{name}",), keys=("*",), type=""),
    # https://infisical.com/docs/integrations/platforms/kubernetes/infisical-secret-crd
    Made(
        group="secrets.infisical.com", kind="InfisicalSecret", target=("{spec.managedSecretReference.secretName}",),
        namespace="{spec.managedSecretReference.secretNamespace}", keys=("*",),
    ),
    Made(
        group="secrets.infisical.com", kind="InfisicalSecret", each="spec.managedKubeSecretReferences",
        target=("{item.secretName}",), namespace="{item.secretNamespace}", keys=("*",),
    ),
    # https://docs.doppler.com/docs/kubernetes-operator
    Made(
        group="secrets.doppler.com", kind="DopplerSecret", target=("{spec.managedSecret.name}",),
        namespace="{spec.managedSecret.namespace}", keys=("*",),
    ),
    # https://bitwarden.com/help/secrets-manager-kubernetes-operator/
    Made(
        group="k8s.bitwarden.com", kind="BitwardenSecret", target=("{spec.secretName}",), keys=(), listed="spec.map[].secretKeyName",
    ),
    # https://github.com/ricoberger/vault-secrets-operator
    Made(group="ricoberger.de", kind="VaultSecret", target=("{name}",), keys=("*",)),
    # https://github.com/redhat-cop/vault-config-operator docs/secret-management.md
    Made(
        group="redhatcop.redhat.io", kind="VaultSecret", target=("{spec.output.name}",), keys=(), listed="spec.output.stringData",
    ),
    # https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret
    Made(
        group="secrets-store.csi.x-k8s.io", kind="SecretProviderClass", each="spec.secretObjects",
        target=("{item.secretName}",), keys=(), listed="item.data[].key",
    ),
    # https://github.com/SpectralOps, https://akv2k8s.io/reference/azure-key-vault-secret/
    Made(
        group="spv.no", kind="AzureKeyVaultSecret", target=("{spec.output.secret.name}",), keys=("{spec.output.secret.dataKey|'*'}",),
    ),
    # https://www.keycloak.org/operator/basic-deployment
    Made(
        group="k8s.keycloak.org", kind="Keycloak", when=("!spec.bootstrapAdmin.user.secret",), target=("{name}-initial-admin",),
        keys=_USER_PASSWORD, type=_BASIC,
    ),
)  # fmt: skip

ROWS: Final = (*_POSTGRESQL, *_MYSQL, *_DOCUMENTS_AND_QUEUES, *_STORAGE, *_CERTIFICATES, *_SECRET_TOOLS)
