"""What an image, a chart or a namespace tells: servers, infrastructure, tools and their databases.

Every entry is (pattern, facts). A pattern is matched against the words of an image's or a chart's last path
part, so ``bitnami/postgresql-repmgr:16`` and ``ghcr.io/cloudnative-pg/postgresql`` are both ``postgresql``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SERVERS: Final[tuple[tuple[str, str], ...]] = (
    ("postgresql-ha", "postgresql"), ("postgres-operator", "postgresql"), ("cloudnative-pg", "postgresql"),
    ("postgresql", "postgresql"), ("postgres", "postgresql"), ("pgvector", "postgresql"), ("timescaledb", "postgresql"),
    ("postgis", "postgresql"), ("pgpool", "postgresql"), ("pgbouncer", "postgresql"), ("cockroach", "postgresql"),
    ("cockroachdb", "postgresql"), ("pgvecto-rs", "postgresql"), ("spilo", "postgresql"), ("patroni", "postgresql"),
    ("mysql", "mysql"), ("mariadb", "mysql"), ("mariadb-galera", "mysql"), ("percona", "mysql"), ("pxc", "mysql"),
    ("mongo", "mongodb"), ("mongodb", "mongodb"), ("mongodb-sharded", "mongodb"),
    ("redis", "redis"), ("redis-cluster", "redis"), ("redis-stack", "redis"), ("redis-ha", "redis"), ("valkey", "redis"),
    ("keydb", "redis"), ("dragonfly", "redis"), ("redis-sentinel", "redis"), ("redis-alpine", "redis"),
    ("elasticsearch", "elasticsearch"), ("opensearch", "elasticsearch"), ("influxdb", "influxdb"),
    ("influxdb2", "influxdb"), ("cassandra", "cassandra"), ("scylla", "cassandra"), ("couchbase", "couchbase"),
    ("mssql", "mssql"), ("rabbitmq", "rabbitmq"), ("rabbitmq-cluster", "rabbitmq"), ("openldap", "ldap"),
    ("lldap", "ldap"), ("glauth", "ldap"), ("minio", "minio"), ("garage", "minio"), ("clickhouse", "clickhouse"),
    ("clickhouse-server", "clickhouse"), ("neo4j", "neo4j"), ("kafka", "kafka"), ("mosquitto", "mqtt"), ("emqx", "mqtt"),
    ("vernemq", "mqtt"), ("nats", "nats"), ("etcd", "etcd"), ("couchdb", "couchdb"), ("memcached", "memcached"),
)  # fmt: skip
"""Images and charts that *are* a server: the password they read is their own."""

_CLIENT_COMMANDS: Final = re.compile(
    r"\b(?:pg_dump(?:all)?|pg_restore|pg_isready|psql|mysqldump|mariadb-dump|mysqladmin|mongodump|mongorestore|mongosh"
    r"|redis-cli|pgbackweb|createdb|createuser|pg_basebackup|valkey-cli|rabbitmqadmin|ldapsearch)\b"
)
"""A server image that runs one of these is a client."""

ROLE_COMMANDS: Final = re.compile(
    r"(?i)\b(?:create|alter)\s+(?:role|user|database)\b|\bcreateuser\b|\bcreatedb\b|\bgrant\s+\w+(?:\s+privileges)?\s+on\b"
)
"""What a provisioning init container runs."""
_ROLE_IMAGE: Final = re.compile(r"(?:postgres(?:ql)?|pg|mysql|mariadb|mongo(?:db)?|db|database)-init(?:ializer|db)?\Z")

INFRASTRUCTURE: Final = frozenset(
    {"external-secrets", "external-dns", "cert-manager", "flux", "flux2", "flux-operator", "flux-instance", "argo-cd",
     "argocd", "argocd-image-updater", "cilium", "calico", "coredns", "k8s-gateway", "metallb", "kube-vip",
     "tailscale-operator", "tailscale", "headscale", "wireguard", "netbird", "vault", "openbao", "vault-agent-injector",
     "vault-secrets-operator", "onepassword-connect", "connect", "longhorn", "rook-ceph", "rook-ceph-cluster",
     "democratic-csi", "openebs", "csi-driver-nfs", "csi-driver-smb", "velero", "volsync", "k8up", "kopia", "restic",
     "pgbackrest", "snapshot-controller", "trust-manager", "sealed-secrets", "sops-secrets-operator", "reflector",
     "aws-load-balancer-controller", "aws-ebs-csi-driver", "aws-efs-csi-driver", "cluster-autoscaler", "karpenter",
     "weave-gitops", "cloudflared", "external-dns-unifi", "bitwarden-sdk-server", "ebs-csi-driver", "source-controller",
     "kustomize-controller", "image-automation-controller", "crossplane", "cluster-api", "multus", "lvm-localpv",
     "minio-backup", "barman-cloud", "plugin-barman-cloud", "aws-vpc-cni", "hcloud-csi", "hcloud-ccm", "proxmox-csi"}
)  # fmt: skip
"""Charts and images on which the way to Vault, the cluster's network, its storage or its backups depends."""

BOOTSTRAP_NAMESPACES: Final = frozenset(
    {"flux-system", "kube-system", "cert-manager", "external-secrets", "external-secrets-operator", "tailscale", "vault",
     "openbao", "argocd", "argo-cd", "openshift-gitops", "external-dns", "longhorn-system", "rook-ceph", "velero",
     "volsync-system", "cilium", "metallb-system", "kube-public", "openshift-config", "openshift-ingress",
     "vault-secrets-operator", "openebs", "csi", "capi-system", "crossplane-system", "openshift-adp", "sealed-secrets",
     "onepassword-connect", "tailscale-operator"}
)  # fmt: skip
"""Namespaces that hold nothing but infrastructure, by the defaults of the projects' own installation guides."""

WEB_TOOLS: Final = frozenset(
    {"pgadmin", "pgadmin4", "phpmyadmin", "adminer", "mongo-express", "redisinsight", "redis-commander", "pgweb",
     "cloudbeaver", "whodb", "dbgate", "kafka-ui", "pgbackweb", "portainer"}
)  # fmt: skip
"""Tools for people: their own login is a person's, and the logins they keep are the person's connections."""

APP_DATABASES: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("miniflux", "atuin", "authentik", "immich", "n8n", "hasura", "outline", "umami", "plausible", "linkwarden",
         "docmost", "affine", "litellm", "mattermost", "synapse", "zitadel", "harbor", "windmill", "langfuse",
         "pocket-id", "gitea", "forgejo", "keycloak", "keycloakx", "grafana", "netbox", "mealie", "tandoor", "sonarr",
         "radarr", "prowlarr", "lidarr", "readarr", "autobrr", "kestra", "temporal", "airflow", "superset", "metabase",
         "sentry", "posthog", "invidious", "lemmy", "mastodon", "dify", "open-webui", "openwebui", "vikunja", "gatus",
         "tekton-results", "backstage", "quay", "awx", "chatwoot", "joplin", "hedgedoc", "zabbix", "teslamate",
         "paperless", "paperless-ngx", "kubearchive", "jellyseerr", "overseerr", "ghostfolio", "coder", "planka",
         "rallly", "cal", "documenso", "formbricks", "infisical", "listmonk", "wger", "bazarr", "lubelog", "honcho",
         "multica", "hindsight", "mnemosyne", "guacamole"),
        "postgresql",
    ),
    **dict.fromkeys(
        ("wordpress", "bookstack", "ghost", "nextcloud", "phpipam", "firefly", "firefly-iii", "booklore", "matomo",
         "prestashop", "drupal", "joomla", "kimai", "monica", "snipe-it", "leantime", "romm", "pterodactyl", "akaunting",
         "magento", "moodle", "passbolt", "glpi"),
        "mysql",
    ),
    **dict.fromkeys(("rocketchat", "unifi", "unifi-network", "wekan", "librechat", "overleaf", "graylog"), "mongodb"),
}  # fmt: skip
"""App -> the database it is mostly run with: weak evidence, for words such as ``DB_PASSWORD`` only."""

_NO_SERVER: Final = (
    "exporter", "backup", "init", "client", "admin", "ui", "web", "commander", "insight", "express", "console", "browser",
    "viewer", "dump", "restore", "migrat",
)  # fmt: skip
"""Parts of names of what only talks to a server."""
_EXPORTERS: Final = ("exporter", "backup", "dump")
_TAG: Final = re.compile(r"[@:].*\Z")


@lru_cache(maxsize=16384)
def app_names(text: str) -> tuple[str, ...]:
    """Return the names that an image, chart or repository may go by, most exact first.

    ``docker.io/bitnami/postgresql-repmgr:16`` -> postgresql-repmgr, postgresql; a registry, tag and digest are
    no names.
    """
    parts = [part for part in text.lower().split("/") if part]
    if not parts:
        return ()
    last = _TAG.sub("", parts[-1])
    names = [last]
    pieces = last.split("-")
    names += ["-".join(pieces[:count]) for count in range(len(pieces) - 1, 0, -1)]
    if len(parts) > 1:
        names.append(parts[-2])
    return tuple(names)


@lru_cache(maxsize=16384)
def runs_client(command: str) -> bool:
    """Tell whether a server's image is run as a client: for a dump, a check, or a statement."""
    return bool(_CLIENT_COMMANDS.search(command))


@lru_cache(maxsize=16384)
def is_exporter(text: str) -> bool:
    """Tell what watches or saves a server of another release, and is called after it."""
    return any(word in next(iter(app_names(text)), "") for word in _EXPORTERS)


@lru_cache(maxsize=16384)
def server_of(text: str) -> str:
    """Return the system that an image or chart is the server of, empty when it is none."""
    names = app_names(text)[: 1 + app_names(text)[0].count("-") if text else 0]
    if names == ("server",):
        names = app_names(text)[1:]  # mcr.microsoft.com/mssql/server
    if any(word in names[0] for word in _NO_SERVER) if names else True:
        return ""
    for name in names:
        for pattern, system in SERVERS:
            if name == pattern:
                return system
    return ""


@lru_cache(maxsize=16384)
def makes_roles(image: str, command: str) -> bool:
    """Tell whether a container of this image, running this, makes roles in a database for others."""
    names = app_names(image)
    return bool(ROLE_COMMANDS.search(command) or (names and _ROLE_IMAGE.match(names[0])))


@lru_cache(maxsize=16384)
def is_infrastructure(text: str) -> bool:
    """Tell whether an image or chart belongs to the way to Vault, or to network, storage and backup."""
    return any(name in INFRASTRUCTURE for name in app_names(text))


@lru_cache(maxsize=16384)
def is_web_tool(text: str) -> bool:
    """Tell whether an image, a chart or an object is called like a tool by which people look into databases."""
    return any(name in WEB_TOOLS for name in app_names(text))


@lru_cache(maxsize=16384)
def database_of(text: str) -> str:
    """Return the database that an app is mostly run with, empty when unknown."""
    return next((APP_DATABASES[name] for name in app_names(text) if name in APP_DATABASES), "")
