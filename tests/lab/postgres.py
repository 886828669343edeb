"""A PostgreSQL server with scram passwords, on loopback only."""

from __future__ import annotations

import secrets
import shutil
import signal
from pathlib import Path

import psycopg

from tests.lab import debian
from tests.lab.ports import PortPool, is_listening
from tests.lab.process import Command, Launcher, run_once, wait_ready
from tests.lab.users import find_unprivileged

SUPERUSER = "postgres"


class PostgresServer:
    """A running server and its superuser's password."""

    def __init__(self, launcher: Launcher, ports: PortPool, data: Path) -> None:
        self.port = ports.take()
        self.password = secrets.token_urlsafe(16)
        self._launcher = launcher
        self._folder = data / "postgres"

    def start(self) -> None:
        """Make a new database directory and serve it."""
        self._folder.mkdir()
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, encoding="ascii")
        user = find_unprivileged("postgres")
        if user is not None:
            for path in (self._folder, password_file):
                shutil.chown(path, user.uid, user.gid)
        cluster = self._folder / "data"
        run_once(
            [
                str(debian.get_debian_program(debian.INITDB)),
                f"--pgdata={cluster}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ],
            env={"PATH": "/usr/bin:/bin"},
            user=user,
        )
        program = self._launcher.start(
            Command(
                name="postgres",
                argv=[
                    str(debian.get_debian_program(debian.POSTGRES)),
                    *("-D", str(cluster), "-h", "127.0.0.1", "-p", str(self.port)),
                    # fsync off: nothing in a lab needs to survive a power cut
                    *("-k", str(self._folder), "-F"),
                ],
                env={"PATH": "/usr/bin:/bin"},
                user=user,
                # "fast" shutdown; SIGTERM would wait for every client to leave
                stop_signal=signal.SIGINT,
                # "immediate": children and shared memory go too, which SIGKILL would leave
                death_signal=signal.SIGQUIT,
            )
        )
        wait_ready(program, lambda: is_listening(self.port) and self._answers())

    def connect(self, user: str = SUPERUSER, password: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
        """A connection, in autocommit mode.

        Raises:
            psycopg.OperationalError: The login is refused.
        """
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=self.password if password is None else password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def has_role(self, name: str) -> bool:
        """True while the database knows the role."""
        with self.connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
            return found.fetchone() is not None

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True
