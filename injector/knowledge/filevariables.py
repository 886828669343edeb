"""Which apps read a value from a file that a variable names, instead of from the variable itself.

Every row is (app, ending, variables): the app's image or chart by the last part of its name, what is put behind the
variable's name, and a pattern of the variables for which it works.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from injector.knowledge.apps import app_names


@dataclass(frozen=True, slots=True)
class FileVariable:
    """A variable that names a file.

    Attributes:
        name: the variable to set.
        value: what to set it to; ``{path}`` stands for the file.
        form: what the file holds: ``value`` for nothing but the value, ``pgpass`` (libpq's password file), ``ini``
            (AWS credentials) or ``json`` (a Google key file).
        is_exclusive: the app ends when the old variable is there as well, be it empty.
        is_certain: the app takes this very variable; else only its maker's documented ones, which are not listed here.
    """

    name: str
    value: str = "{path}"
    form: str = "value"
    is_exclusive: bool = False
    is_certain: bool = True

    @property
    def is_plain(self) -> bool:
        """Tell whether it takes a file's path and nothing more, and the file nothing but the value."""
        return self.value == "{path}" and self.form == "value"


_ANY: Final = r".+"
_ROWS: Final[tuple[tuple[str, str, str], ...]] = (
    ("grafana", "__FILE", r"GF_.+"),
    ("kube-prometheus-stack", "__FILE", r"GF_.+"),
    ("postgres", "_FILE", r"POSTGRES_(?:USER|PASSWORD|DB|INITDB_ARGS)"),
    ("mysql", "_FILE", r"MYSQL_(?:ROOT_PASSWORD|ROOT_HOST|DATABASE|USER|PASSWORD)"),
    ("mariadb", "_FILE", r"(?:MYSQL|MARIADB)_(?:ROOT_PASSWORD|ROOT_HOST|DATABASE|USER|PASSWORD|REPLICATION_\w+)"),
    ("mongo", "_FILE", r"MONGO_INITDB_ROOT_(?:USERNAME|PASSWORD)"),
    ("wordpress", "_FILE", r"WORDPRESS_.+"),
    ("nextcloud", "_FILE", r"(?:POSTGRES|MYSQL)_(?:USER|PASSWORD|DB|DATABASE)|NEXTCLOUD_ADMIN_\w+|REDIS_HOST_PASSWORD|SMTP_PASSWORD"),
    ("miniflux", "_FILE", r"DATABASE_URL|ADMIN_(?:USERNAME|PASSWORD)|OAUTH2_CLIENT_\w+|METRICS_(?:USERNAME|PASSWORD)"),
    ("immich", "_FILE", r"DB_(?:URL|USERNAME|PASSWORD|DATABASE_NAME|HOSTNAME)|REDIS_PASSWORD"),
    ("immich-server", "_FILE", r"DB_(?:URL|USERNAME|PASSWORD|DATABASE_NAME|HOSTNAME)|REDIS_PASSWORD"),
    ("authelia", "_FILE", r"AUTHELIA_.+"),
    ("vaultwarden", "_FILE", _ANY),
    ("n8n", "_FILE", _ANY),
    ("directus", "_FILE", _ANY),
    ("pocket-id", "_FILE", _ANY),
    ("gitea", "__FILE", r"GITEA__.+"),
    ("forgejo", "__FILE", r"(?:FORGEJO|GITEA)__.+"),
    ("paperless", "_FILE", r"PAPERLESS_.+"),
    ("paperless-ngx", "_FILE", r"PAPERLESS_.+"),
    ("vikunja", "_FILE", r"VIKUNJA_.+"),
    ("listmonk", "_FILE", r"LISTMONK_.+"),
    ("mealie", "_FILE", r"(?:POSTGRES|SMTP|LDAP|OIDC|OPENAI)_.+"),
    ("zabbix", "_FILE", r"(?:POSTGRES|MYSQL)_(?:USER|PASSWORD)"),
    ("firefly", "_FILE", r"APP_KEY|DB_\w+|MAIL_PASSWORD|STATIC_CRON_TOKEN|REDIS_PASSWORD"),
    ("roundcubemail", "_FILE", r"ROUNDCUBEMAIL_DB_(?:USER|PASSWORD)"),
    ("matomo", "_FILE", r"MATOMO_DATABASE_.+"),
    ("postgres-exporter", "_FILE", r"DATA_SOURCE_(?:USER|PASS|URI)"),
    ("wiki", "_FILE", r"DB_PASS"),
    ("memos", "_FILE", r"MEMOS_DSN"),
    ("semaphore", "_FILE", r"SEMAPHORE_(?:DB_USER|DB_PASS|ADMIN|ADMIN_PASSWORD|LDAP_PASSWORD|ACCESS_KEY_ENCRYPTION)"),
)  # fmt: skip
"""Sources: each image's own documentation: grafana "Override configuration with environment variables" (``__FILE``);
docker-library docs of postgres, mysql, mariadb, mongo, wordpress, nextcloud and matomo ("Docker Secrets"); miniflux
"Configuration Parameters"; immich "Environment Variables"; authelia "Methods: Secrets"; vaultwarden, n8n, directus and
pocket-id "environment variables" (``_FILE``); gitea's environment-to-ini; paperless-ngx "Configuration" (Docker secrets);
vikunja "Config options"; listmonk's docker-entrypoint.sh; mealie "Backend Configuration"; zabbix-docker; firefly-iii;
roundcubemail-docker; postgres_exporter cmd/postgres_exporter/datasource.go; wiki.js ``DB_PASS_FILE``; memos
scripts/entrypoint.sh; semaphore deployment/docker/server/server-wrapper; mealie docker/entry.sh (load_secrets); paperless-ngx
docker/rootfs/etc/s6-overlay/s6-rc.d/init-env-file/run; immich server/start.sh; vaultwarden src/util.rs (get_env_str_value).
"""
_EXCLUSIVE: Final = frozenset({"vaultwarden"})
"""Apps that end when both variables are there: vaultwarden src/util.rs, get_env_str_value."""
MAKERS: Final = ("bitnami", "bitnamilegacy", "bitnamisecure")
"""Bitnami's images read every documented variable from ``<name>_FILE`` (their scripts' env.sh files)."""
_LINUXSERVER: Final = "linuxserver"
"""Its images turn ``FILE__<name>`` into ``<name>``. Source: https://docs.linuxserver.io/FAQ/ (FILE__ prefix)"""
_AUTHENTIK: Final = "authentik"
"""Reads ``file://`` values, other than its bootstrap variables. Source: authentik docs, "Configuration"."""
_LIBRARIES: Final = {
    "PGPASSWORD": FileVariable("PGPASSFILE", form="pgpass"),
    "AWS_ACCESS_KEY_ID": FileVariable("AWS_SHARED_CREDENTIALS_FILE", form="ini"),
    "AWS_SECRET_ACCESS_KEY": FileVariable("AWS_SHARED_CREDENTIALS_FILE", form="ini"),
    "AWS_SESSION_TOKEN": FileVariable("AWS_SHARED_CREDENTIALS_FILE", form="ini"),
    "CONSUL_HTTP_TOKEN": FileVariable("CONSUL_HTTP_TOKEN_FILE"),
    "GOOGLE_APPLICATION_CREDENTIALS_JSON": FileVariable("GOOGLE_APPLICATION_CREDENTIALS", form="json"),
    "GOOGLE_CREDENTIALS": FileVariable("GOOGLE_APPLICATION_CREDENTIALS", form="json"),
}
"""What client libraries read, whatever the app. Sources: PostgreSQL "libpq: The Password File"; AWS SDKs "Shared config
and credentials files"; Consul "Commands: Environment variables"; Google "Application Default Credentials".
"""


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, re.Pattern[str]]]:
    return {app: (ending, re.compile(rf"(?:{pattern})\Z")) for app, ending, pattern in _ROWS}


@lru_cache(maxsize=16384)
def find_file_variable(image: str, chart: str, env: str) -> FileVariable | None:
    """Return the variable by which an app reads `env` from a file, None when none is known."""
    parts = image.lower().split("/")
    if any(maker in parts for maker in MAKERS):
        return FileVariable(f"{env}_FILE", is_certain=False)
    if _LINUXSERVER in parts:
        return FileVariable(f"FILE__{env}")
    for text in (image, chart):
        for name in app_names(text) if text else ():
            if name == _AUTHENTIK and env.startswith("AUTHENTIK_") and "BOOTSTRAP" not in env:
                return FileVariable(env, "file://{path}")
            row = _table().get(name)
            if row and row[1].match(env):
                return FileVariable(f"{env}{row[0]}", is_exclusive=name in _EXCLUSIVE)
    return _LIBRARIES.get(env)
