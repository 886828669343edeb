"""How people spell the parts of a credential: the lexicon of key, variable and path names.

Only data and the cutting of names into words; what follows from a word is decided in `injector.rules.naming`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SYSTEMS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("postgres", "postgresql", "pg", "psql", "pgsql", "postgre", "timescale", "timescaledb", "cockroach",
         "cockroachdb", "crdb", "yugabyte", "yugabytedb", "cnpg", "pguser", "pgbouncer", "pgpass", "pgvector",
         "postgresdb", "postgis", "cloudnativepg", "vchord"),
        "postgresql",
    ),
    **dict.fromkeys(("mysql", "mysqld", "mariadb", "percona", "galera", "maria", "mysqldb"), "mysql"),
    **dict.fromkeys(("mongo", "mongodb", "documentdb", "mongodump"), "mongodb"),
    **dict.fromkeys(("redis", "valkey", "keydb", "dragonfly", "dragonflydb", "rediss", "sentinel"), "redis"),
    **dict.fromkeys(("elasticsearch", "elastic", "opensearch"), "elasticsearch"),
    **dict.fromkeys(("mssql", "sqlserver"), "mssql"),
    **dict.fromkeys(("cassandra", "scylla", "scylladb"), "cassandra"),
    "couchbase": "couchbase",
    **dict.fromkeys(("influx", "influxdb"), "influxdb"),
    "oracle": "oracle",
    "snowflake": "snowflake",
    **dict.fromkeys(("rabbitmq", "rabbit", "amqp", "amqps"), "rabbitmq"),
    **dict.fromkeys(("ldap", "ldaps", "lldap", "openldap", "freeipa"), "ldap"),
}  # fmt: skip
"""Word -> the system it names. What speaks a database's protocol counts as that database."""

DATABASES: Final = frozenset(
    {"postgresql", "mysql", "mongodb", "redis", "elasticsearch", "mssql", "cassandra", "couchbase", "influxdb",
     "oracle", "snowflake", "sql"}
)  # fmt: skip
"""Systems that Vault's ``database`` engine issues logins for; ``sql`` is one that is not known more exactly."""

GENERIC_DATABASE: Final = frozenset({"db", "database", "sql", "jdbc", "rdbms", "datasource", "rds", "aurora", "dbs"})
OWN_STORE: Final = frozenset({"s3", "bucket", "objectstorage", "objectstore", "storage"})
"""Words for object storage that AWS's own is called by as well."""

SCHEMES: Final[dict[str, str]] = {
    "postgres": "postgresql", "postgresql": "postgresql", "postgresql+asyncpg": "postgresql",
    "postgresql+psycopg2": "postgresql", "postgresql+psycopg": "postgresql", "postgis": "postgresql",
    "pgsql": "postgresql", "psql": "postgresql", "cockroachdb": "postgresql", "timescale": "postgresql",
    "mysql": "mysql", "mysql2": "mysql", "mariadb": "mysql", "mysql+pymysql": "mysql",
    "mysql+aiomysql": "mysql", "mysql+mysqldb": "mysql", "mariadb+pymysql": "mysql",
    "mongodb": "mongodb", "mongodb+srv": "mongodb",
    "redis": "redis", "rediss": "redis", "valkey": "redis",
    "amqp": "rabbitmq", "amqps": "rabbitmq", "pyamqp": "rabbitmq",
    "ldap": "ldap", "ldaps": "ldap",
    "sqlserver": "mssql", "mssql": "mssql", "mssql+pyodbc": "mssql", "oracle": "oracle",
    "elasticsearch": "elasticsearch", "opensearch": "elasticsearch", "couchbase": "couchbase",
    "couchbases": "couchbase", "snowflake": "snowflake", "cassandra": "cassandra", "influxdb": "influxdb",
    "db+postgresql": "postgresql", "db+mysql": "mysql", "asyncpg": "postgresql", "ecto": "postgresql",
}  # fmt: skip
"""URL scheme -> system (a ``jdbc:`` before it is cut off)."""

PORTS: Final[dict[str, str]] = {
    "5432": "postgresql", "6432": "postgresql", "26257": "postgresql", "5433": "postgresql",
    "3306": "mysql", "27017": "mongodb", "6379": "redis", "26379": "redis", "9200": "elasticsearch",
    "1433": "mssql", "9042": "cassandra", "8086": "influxdb", "1521": "oracle", "5672": "rabbitmq",
    "5671": "rabbitmq", "15672": "rabbitmq", "389": "ldap", "636": "ldap", "3890": "ldap",
}  # fmt: skip

USER: Final = frozenset(
    {"user", "username", "usr", "uname", "login", "userid", "users", "usernames", "dn", "binddn", "pguser"}
)
PASSWORD: Final = frozenset({"password", "pass", "passwd", "pwd", "pw", "passphrase", "passw", "passwords"})
HOST: Final = frozenset(
    {"host", "hostname", "hosts", "server", "servers", "addr", "address", "endpoint", "svc", "fqdn", "ip", "hostport",
     "rw", "ro", "nodes", "node", "broker", "brokers"}
)  # fmt: skip
DSN: Final = frozenset({"url", "uri", "dsn", "connection", "connstr", "connectionstring", "conn", "jdbcurl", "urls"})
DATABASE_NAME: Final = frozenset({"name", "dbname", "schema", "dbs", "initdb"})
CONFIGURATION: Final = frozenset(
    {"port", "region", "bucket", "domain", "timezone", "tz", "enabled", "enable", "mode", "type", "level", "version",
     "sslmode", "path", "dir", "timeout", "interval", "env", "environment", "zone", "cluster", "namespace", "project",
     "prefix", "suffix", "from", "sender", "subject", "scheme", "protocol", "size", "count", "max", "min", "lang",
     "locale", "theme", "title", "tls", "ssl", "debug", "log", "driver", "adapter", "engine", "dialect", "format",
     "email", "emails", "repository", "repo", "org", "organization", "tenant", "realm", "issuer", "scope", "scopes",
     "audience", "redirect", "callback", "origin", "origins", "latitude", "longitude", "elevation", "country",
     "config", "conf", "settings", "options", "pool", "vhost", "bind", "base", "cidr", "subnet", "ips", "mac",
     "search", "filter", "list", "networks", "network", "charset", "class", "color", "location", "hostname", "verifier"}
)  # fmt: skip

DUMMY: Final = frozenset({"dummy", "placeholder", "changeme", "fake"})
"""Values that stand in for one: nobody logs in with them."""
STAND_INS: Final = DUMMY | {"test", "unused", "none", "null", "example"}
"""Whole texts that stand in for a credential."""
KUBERNETES: Final = frozenset({"kubernetes", "k8s", "kube"})
TERRAFORM: Final = frozenset({"terraform", "tfe", "tfc"})
VAULT: Final = frozenset({"vault", "openbao", "bao"})

SUPERUSER: Final = frozenset({"root", "superuser", "super", "sa", "sysdba", "postgrespassword", "su"})
REPLICATION: Final = frozenset({"replication", "repl", "replica", "repmgr", "replicator", "standby", "streaming"})
MAIL: Final = frozenset(
    {"smtp", "mail", "email", "imap", "pop3", "sendgrid", "mailgun", "postmark", "mailer", "sendmail", "mailjet",
     "postfix", "smtps", "ses", "brevo", "sendinblue", "resend", "msmtp", "mailrise"}
)  # fmt: skip
ENCRYPTION: Final = frozenset(
    {"cookie", "encryption", "encrypt", "encrypted", "signing", "jwt", "hmac", "salt", "pepper", "session", "csrf",
     "aes", "fernet", "nextauth", "nonce", "vapid", "seal", "unseal", "mnemonic", "crypt", "crypto", "cipher", "jwk",
     "jwks", "rsa", "ed25519", "secp256k1", "sops", "gpg", "pgp", "keybase", "decryption", "sealing", "master",
     "authsecret", "keyring", "erlang", "seed", "age", "internal", "macaroon", "appkey", "rpc", "gossip",
     "machine", "shared"}
)  # fmt: skip
OAUTH: Final = frozenset(
    {"oidc", "oauth", "oauth2", "sso", "saml", "openid", "oidcclient", "clientsecret", "clientid", "idp", "dex"}
)
REGISTRY: Final = frozenset(
    {"dockerconfigjson", "dockerconfig", "regcred", "registry", "dockerhub", "ghcr", "quay", "harborpull", "dockercfg",
     "imagepull", "pullsecret", "docker", "ecr", "gcr"}
)  # fmt: skip
GIT: Final = frozenset({"git", "deploykey", "knownhosts", "known", "identity", "gitcredentials", "netrc"})
GIT_HOSTS: Final = frozenset(
    {"git", "github", "gitlab", "gitea", "forgejo", "bitbucket", "repo", "deploy", "deploykey"}
)
BACKUP: Final = frozenset(
    {"restic", "kopia", "borg", "volsync", "velero", "barman", "backup", "backups", "pgbackrest", "backrest", "wal",
     "duplicati", "duplicacy", "rclone", "borgmatic", "longhorn", "k8up", "rustic"}
)  # fmt: skip
OPERATOR_LABELS: Final = frozenset({"cnpg.io/cluster", "cnpg.io/reload"})
"""Labels by which a Secret is given to an operator of databases."""
OBJECT_STORE: Final = frozenset(
    {"s3", "minio", "r2", "b2", "wasabi", "backblaze", "garage", "ceph", "rgw", "objectstorage", "objectstore",
     "bucket", "spaces", "hetzner", "ovh", "scaleway", "storj", "seaweedfs", "rustfs", "objectbucket", "swift", "oss",
     "idrive", "linode", "digitalocean"}
)  # fmt: skip
ADMIN: Final = frozenset(
    {"admin", "administrator", "bootstrap", "initial", "default", "dashboard", "owner", "operator"}
)
TOKEN: Final = frozenset(
    {"token", "tokens", "apikey", "apitoken", "pat", "accesstoken", "bearer", "authkey", "apikeys", "secrettoken",
     "authtoken", "licence", "license", "licensekey", "psk"}
)  # fmt: skip
CERTIFICATE: Final = frozenset(
    {"crt", "cert", "certificate", "pem", "p12", "pfx", "jks", "keystore", "truststore", "ca", "cacert", "chain",
     "fullchain", "certs", "certificates", "pkcs12", "tls"}
)  # fmt: skip
NO_ENGINE: Final = frozenset(
    {"mqtt", "mosquitto", "kafka", "nats", "clickhouse", "neo4j", "minio", "meilisearch", "meili", "typesense",
     "solr", "memcached", "arangodb", "surrealdb", "qdrant", "weaviate", "milvus", "sftp", "ftp", "smb", "samba", "cifs",
     "nfs", "ipmi", "idrac", "ilo", "unifi", "snmp", "vpn", "wireguard", "openvpn", "proxmox", "synology", "truenas",
     "basic", "htpasswd", "basicauth", "ups", "nut", "plex", "zookeeper", "pulsar", "activemq", "artemis", "etcd",
     "couchdb", "victoriametrics", "loki", "prometheus", "radius", "kerberos", "keytab", "turn", "coturn", "stun"}
)  # fmt: skip
"""Systems with logins that no Vault secrets engine issues."""
NO_ENGINE_DATABASES: Final = frozenset(
    {"clickhouse", "neo4j", "meilisearch", "meili", "typesense", "solr", "arangodb", "surrealdb", "qdrant", "weaviate",
     "milvus", "couchdb", "victoriametrics", "dgraph", "nebula", "rethinkdb"}
)  # fmt: skip
"""Those of them that people call a database: ``CLICKHOUSE_DATABASE_URL``."""
ERROR_TRACKERS: Final = frozenset({"sentry", "glitchtip", "bugsink", "rollbar", "bugsnag", "raven", "honeybadger"})
"""What they call a DSN is where an app sends its errors, with a public key in it."""
ENTRA: Final = frozenset({"ad", "aad", "azuread", "entra", "entraid", "b2c"})
"""Azure's directory for people: a client of it logs people in."""

_JOINED: Final = (
    "postgresql", "postgres", "mongodb", "rabbitmq", "mariadb", "database", "mysql", "mongo", "redis", "smtp", "ldap",
    "minio", "oidc", "oauth", "aws", "pg", "db", "s3", "client", "access", "secret", "private", "public", "api", "auth",
    "admin", "root", "user", "jwt", "cookie", "encryption", "registry", "docker", "bind", "sql", "app", "tls", "ssh",
)  # fmt: skip
_ENDINGS: Final = (
    "passwords", "password", "passwd", "pass", "pwd", "usernames", "username", "user", "hostname", "host", "port",
    "name", "url", "uri", "dsn", "token", "keyid", "key", "secret", "id", "database", "dbname", "db", "json", "dn",
)  # fmt: skip
_WHOLE: Final = frozenset(
    {"username", "usernames", "hostname", "dbname", "database", "password", "passwords", "passwd", "pgpass", "apikey",
     "dockerconfigjson", "pguser", "userid", "initdb", "postgresdb", "tailscale", "backrest", "pgbackrest", "secret",
     "mongodb", "keycloak", "adminer", "pgadmin", "authkey"}
)  # fmt: skip
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CUT: Final = re.compile(r"[^a-z0-9]+")
_TRAILING_NUMBER: Final = re.compile(r"(?<=[a-z])\d+\Z")


_NOT_OF_A_STEM: Final = USER | PASSWORD | HOST | DSN | DATABASE_NAME | CONFIGURATION | {"id", "key", "secret", "value"}


@lru_cache(maxsize=65536)
def stem(name: str) -> frozenset[str]:
    """Return what a name is about: its words without those that say which part of a login it is.

    ``GF_DATABASE_PASSWORD`` and ``GF_DATABASE_HOST`` have the same stem, ``username`` has none.
    """
    return frozenset(words(name)) - _NOT_OF_A_STEM


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """Cut a name into lower-case words.

    ``GF_DATABASE_PASSWORD`` -> gf, database, password; ``postgresqlPassword`` -> postgresql, password;
    ``PGPASSWORD`` -> pg, password; ``tls.crt`` -> tls, crt.
    """
    found: list[str] = []
    for word in _CUT.split((name if name.isupper() else _CAMEL.sub("_", name)).lower()):
        if word:
            found.extend(_split_joined(word))
    return tuple(found)


def _split_joined(word: str) -> tuple[str, ...]:
    if word in _WHOLE or word in SYSTEMS or word in OAUTH or word in OBJECT_STORE:
        return (word,)
    for start in _JOINED:
        if word.startswith(start) and len(word) > len(start):
            rest = word[len(start) :]
            if rest in _ENDINGS:
                return (start, "key", "id") if rest == "keyid" else (start, rest)
            for middle in _ENDINGS:
                if rest.startswith(middle) and rest[len(middle) :] in _ENDINGS:
                    return (start, middle, rest[len(middle) :])
    for end in ("password", "passwd", "username", "token", "apikey"):
        if word.endswith(end) and len(word) > len(end) + 1:
            return (*_split_joined(word[: -len(end)]), end)
    if word not in ("s3", "r2", "b2", "oauth2", "neo4j", "pop3", "ed25519", "p12", "secp256k1", "pkcs12", "k8up"):
        word = _TRAILING_NUMBER.sub("", word)
    return (word,)
