"""Systems beside PostgreSQL that Vault makes logins for: MariaDB, Redis and RabbitMQ, on loopback only.

They are started when a test asks for them; nothing that they hold survives.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.lab import debian
from tests.lab.ports import PortPool, is_listening
from tests.lab.process import Command, Launcher, User, run_once, wait_ready
from tests.lab.users import find_unprivileged

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
ADMIN = "vault"
"""Who may make logins at MariaDB and RabbitMQ; at Redis it is the default user."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every server here is started with."""

    launcher: Launcher
    ports: PortPool
    data: Path

    def make_folder(self, name: str, user: User | None, **files: str) -> Path:
        """A new folder of a server's own, with files that only it may read (``_`` for a dot)."""
        folder = self.data / name
        folder.mkdir(mode=0o700)
        for file, text in files.items():
            path = folder / file.replace("_", ".")
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        if user is not None:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, user.uid, user.gid)
        return folder


class MariadbServer:
    """A running MariaDB and the password of `ADMIN`."""

    def __init__(self, around: Surroundings) -> None:
        self.port = around.ports.take()
        self.password = secrets.token_urlsafe(16)
        self._around = around

    def start(self) -> None:
        """Make a new database directory and serve it."""
        user = find_unprivileged("mysql")
        grants = (
            f"CREATE USER '{ADMIN}'@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO '{ADMIN}'@'%' WITH GRANT OPTION;\n"
        )
        folder = self._around.make_folder("mariadb", user, init_sql=grants)
        run_once(
            [
                str(debian.get_debian_program(debian.MARIADB_INSTALL)),
                *("--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db", "--skip-name-resolve"),
                "--auth-root-authentication-method=normal",
            ],
            env={"PATH": PATH},
            user=user,
        )
        program = self._around.launcher.start(
            Command(
                name="mariadb",
                argv=[
                    str(debian.get_debian_program(debian.MARIADB)),
                    *("--no-defaults", f"--datadir={folder / 'data'}", f"--socket={folder / 'socket'}"),
                    *("--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve"),
                    *(f"--init-file={folder / 'init.sql'}", f"--pid-file={folder / 'pid'}"),
                    # Nothing here must survive a power cut, and little memory will do.
                    *("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-log-bin"),
                ],
                env={"PATH": PATH},
                user=user,
                stop_signal=signal.SIGKILL,
            )
        )
        wait_ready(program, lambda: is_listening(self.port) and self.ask(ADMIN, self.password, "SELECT 1") == "1")

    def ask(self, user: str, password: str, statement: str, *, database: str = "") -> str:
        """What statements yield, as text; the error when it or the login is refused."""
        done = subprocess.run(
            [
                str(debian.get_debian_program(debian.MARIADB_CLIENT)),
                *("--no-defaults", "--host=127.0.0.1", f"--port={self.port}", f"--user={user}"),
                *("--skip-column-names", "--batch", "--connect-timeout=5", f"--execute={statement}"),
                *([f"--database={database}"] if database else []),
            ],
            env={"PATH": PATH, "MYSQL_PWD": password},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return (done.stdout + done.stderr).strip()


class RedisServer:
    """A running Redis and the password of its default user."""

    def __init__(self, around: Surroundings) -> None:
        self.port = around.ports.take()
        self.password = secrets.token_urlsafe(16)
        self._around = around

    def start(self) -> None:
        """Serve from memory."""
        user = find_unprivileged("redis")
        folder = self._around.make_folder("redis", user, redis_conf=f"requirepass {self.password}\n")
        program = self._around.launcher.start(
            Command(
                name="redis",
                argv=[
                    *(str(debian.get_debian_program(debian.REDIS)), str(folder / "redis.conf")),
                    *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)),
                    *("--save", "", "--appendonly", "no", "--daemonize", "no"),
                ],
                env={"PATH": PATH},
                user=user,
            )
        )
        wait_ready(program, lambda: is_listening(self.port) and self.ask("default", self.password, "PING") == "PONG")

    def ask(self, user: str, password: str, *command: str) -> str:
        """What a command yields; the error when it or the login is refused."""
        done = subprocess.run(
            [
                str(debian.get_debian_program(debian.REDIS_CLIENT)),
                *("-h", "127.0.0.1", "-p", str(self.port), "--user", user, "--no-auth-warning", *command),
            ],
            env={"PATH": PATH, "REDISCLI_AUTH": password},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return (done.stdout + done.stderr).strip()


class RabbitmqServer:
    """A running RabbitMQ with its management API, and the password of `ADMIN`."""

    def __init__(self, around: Surroundings) -> None:
        self.port, self._amqp, self._epmd, self._dist = (around.ports.take() for _ in range(4))
        self.address = f"http://127.0.0.1:{self.port}"
        self.password = secrets.token_urlsafe(16)
        self._around = around

    def start(self) -> None:
        """Serve from a new folder, with a port mapper of its own."""
        user = find_unprivileged("rabbitmq")
        folder = self._around.make_folder(
            "rabbitmq",
            user,
            rabbitmq_conf=(
                f"listeners.tcp.1 = 127.0.0.1:{self._amqp}\n"
                f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.port}\n"
                f"default_user = {ADMIN}\ndefault_pass = {self.password}\ndisk_free_limit.absolute = 1MB\n"
            ),
            plugins="[rabbitmq_management].\n",
        )
        env = {"PATH": PATH, "HOME": str(folder), "ERL_EPMD_PORT": str(self._epmd)}
        self._around.launcher.start(
            Command(
                name="epmd",
                argv=[str(debian.get_debian_program(debian.EPMD)), "-port", str(self._epmd), "-address", "127.0.0.1"],
                env=env,
                user=user,
            )
        )
        program = self._around.launcher.start(
            Command(
                name="rabbitmq",
                # The script of the package's own folder: the one on PATH changes user and folders to Debian's.
                argv=[str(Path(debian.RABBITMQ_FOLDER) / "rabbitmq-server"), "-noinput"],
                env={
                    **env,
                    "RABBITMQ_NODENAME": "lab@localhost",
                    "RABBITMQ_DIST_PORT": str(self._dist),
                    "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
                    "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
                    "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
                    "RABBITMQ_LOGS": "-",
                    "RABBITMQ_LOG_BASE": str(folder / "log"),
                    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
                    # In the foreground, without a shell that would wait for it and stop it by another program.
                    "RABBITMQ_ALLOW_INPUT": "true",
                },
                user=user,
                stop_signal=signal.SIGKILL,
            )
        )
        wait_ready(program, lambda: is_listening(self.port) and self.ask(ADMIN, self.password, "GET", "whoami") == 200)

    def ask(self, user: str, password: str, verb: str, path: str, body: object = None) -> int:
        """Status of a request to the management API."""
        return requests.request(
            verb, f"{self.address}/api/{path}", auth=(user, password), json=body, timeout=20
        ).status_code


class Systems:
    """The three of them."""

    def __init__(self, around: Surroundings) -> None:
        self.mariadb, self.redis, self.rabbitmq = (
            MariadbServer(around),
            RedisServer(around),
            RabbitmqServer(around),
        )

    def start(self) -> None:
        """Start them side by side.

        Raises:
            LevelUnavailableError: Their packages are missing; nothing was started.
        """
        debian.require_programs(debian.SYSTEM_PROGRAMS)
        with ThreadPoolExecutor(3) as pool:
            for job in [pool.submit(one.start) for one in (self.mariadb, self.redis, self.rabbitmq)]:
                job.result()
