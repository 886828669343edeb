"""What the commands of ``phase2 vault`` share: their flags, who logs in where, and the plan of the tree."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from injector.cli.answer import Note
from injector.cli.console import Console
from injector.cli.options import flag
from injector.cli.planning import read_world
from injector.cli.reading import Reading, is_full, unreadable_notes
from injector.cli.words import Names, OneOf, PathName
from injector.errors import NotFoundError, UsageError
from injector.vault.login import TIMEOUT_S, Address, Login, LoginMethod

if TYPE_CHECKING:
    from injector.config.model import Config
    from injector.migration.model import Stage
    from injector.vault.client import VaultClient
    from injector.vault.live import Changes
    from injector.vault.objects import VaultPlan

_ACCOUNT_TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_TIMES: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class VaultFormat(StrEnum):
    """What ``vault … -o`` takes."""

    DIFF = "diff"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFlags:
    """The flags of `vault_flags` that say who logs in."""

    login: LoginMethod
    login_role: str
    login_mount: str
    login_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What a tree says of Vault.

    Attributes:
        plan: of all SecretMigrations that the tree has.
        names: these, as ``namespace/name``, sorted.
        stages: of these, by name.
        is_full: everything that is deployed could be read.
        notes: what stderr says of the tree.
    """

    plan: VaultPlan
    names: tuple[str, ...]
    stages: Mapping[str, Stage]
    config: Config
    is_full: bool
    notes: tuple[Note, ...]


def vault_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of the commands that talk to Vault."""
    for decorate in reversed(
        (
            flag(
                "-o", "--output", type=OneOf(VaultFormat), default=VaultFormat.DIFF, show_default=True, help="Format."
            ),
            flag("--only", type=Names("NAMESPACE/NAME"), multiple=True, help="Only for these SecretMigrations."),
            flag(
                "--login",
                type=OneOf(LoginMethod),
                default=LoginMethod.TOKEN,
                show_default=True,
                help="How to log in. token: VAULT_TOKEN, else ~/.vault-token.",
            ),
            flag("--login-role", metavar="ROLE", default="", help="Role of the login; of approle VAULT_ROLE_ID."),
            flag("--login-mount", metavar="MOUNT", default="", help="Mount of the login, without auth/."),
            flag(
                "--login-file",
                metavar="FILE",
                type=PathName(),
                default="",
                help="File with the JWT, the ServiceAccount's token or the secret id; else VAULT_JWT, the pod's own, VAULT_SECRET_ID.",
            ),
        )
    ):
        command = decorate(command)
    return command


def read_side(paths: Sequence[str], reading: Reading, console: Console) -> Side:
    """Read the SecretMigrations of a tree and plan what Vault must hold for them.

    Raises:
        InputError: a path cannot be read at all.
        UsageError: it is no single folder.
    """
    from injector.vault.build import build_vault_plan

    world = read_world(paths, reading, console)
    migrations = [one.migration for one in world.plan.proposals if one.is_committed]
    notes = list(unreadable_notes(world.report, is_allowed=reading.allow_unreadable))
    if not migrations:
        notes.append(
            Note("warning", "the tree has no SecretMigration yet; run phase2 apply --stage prepare --write first")
        )
    return Side(
        plan=build_vault_plan(migrations, world.config),
        names=tuple(sorted(f"{one.namespace}/{one.name}" for one in migrations)),
        stages={f"{one.namespace}/{one.name}": one.stage for one in migrations},
        config=world.config,
        is_full=is_full(world.report, is_allowed=reading.allow_unreadable),
        notes=tuple(notes),
    )


def choose_names(only: Sequence[Sequence[str]], known: Sequence[str]) -> tuple[str, ...]:
    """Return the migrations that ``--only`` means, all that are known without it.

    Raises:
        NotFoundError: a name is of none.
    """
    names = [name for group in only for name in group]
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}"
            raise NotFoundError(f"{name}: is no SecretMigration; {advice}")
    return tuple(sorted(set(names))) or tuple(known)


def connect(config: Config, flags: LoginFlags) -> AbstractContextManager[VaultClient]:
    """Log in to the Vault that environment and configuration name.

    Raises:
        UsageError: it is not said where Vault is, what to log in with, or the client's package is missing.
        VaultError: the login is refused, or Vault cannot be reached.
    """
    address = read_address(os.environ, config)
    login = read_login(os.environ, flags)
    try:
        from injector.vault.client import VaultClient as Client
    except ModuleNotFoundError as err:
        if err.name not in ("hvac", "requests"):
            raise
        raise UsageError(f"the package {err.name} is missing; install vault-phase2[vault]") from None
    return Client(address, login)


def read_address(environment: Mapping[str, str], config: Config) -> Address:
    """Return which Vault is meant: the variables of the ``vault`` program first, then ``phase2.yaml``.

    Raises:
        UsageError: nothing says where it is, or a variable makes no sense.
    """
    url = environment.get("VAULT_ADDR") or config.vault.address
    if not url:
        raise UsageError("it is not said where Vault is; set VAULT_ADDR, or vault.address in phase2.yaml")
    if not url.startswith(("https://", "http://")):
        raise UsageError("VAULT_ADDR: is no URL; write it as https://HOST:PORT")
    skip = environment.get("VAULT_SKIP_VERIFY", "")
    if skip not in _TRUE | _FALSE:
        raise UsageError("VAULT_SKIP_VERIFY: is neither true nor false; write one of them")
    ca = environment.get("VAULT_CACERT") or environment.get("VAULT_CAPATH") or ""
    if ca and not Path(ca).exists():
        raise UsageError(f"{ca}: there is no such file or folder; correct VAULT_CACERT or VAULT_CAPATH")
    certificate, key = environment.get("VAULT_CLIENT_CERT", ""), environment.get("VAULT_CLIENT_KEY", "")
    for file in (certificate, key):
        if file and not Path(file).is_file():
            raise UsageError(f"{file}: there is no such file; correct VAULT_CLIENT_CERT or VAULT_CLIENT_KEY")
    if key and not certificate:
        raise UsageError("VAULT_CLIENT_KEY: is nothing without VAULT_CLIENT_CERT; set both")
    return Address(
        url=url.rstrip("/"),
        namespace=environment.get("VAULT_NAMESPACE") or config.vault.namespace,
        ca=ca,
        is_unverified=skip in _TRUE,
        server_name=environment.get("VAULT_TLS_SERVER_NAME", ""),
        certificate=certificate,
        key=key,
        timeout_s=_read_timeout(environment.get("VAULT_CLIENT_TIMEOUT", "")),
    )


def _read_timeout(text: str) -> float:
    if not text:
        return TIMEOUT_S
    match = re.match(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?\Z", text)
    if match is None or not float(match[1]):
        raise UsageError("VAULT_CLIENT_TIMEOUT: is no time; write seconds, or as 90s")
    return float(match[1]) * _TIMES[match[2] or "s"]


def read_login(environment: Mapping[str, str], flags: LoginFlags) -> Login:
    """Return who logs in; secrets come from the environment or from files, never from flags.

    Raises:
        UsageError: something that the method needs is not given.
    """
    method = flags.login
    role, secret, missing = flags.login_role, "", ""
    match method:
        case LoginMethod.TOKEN:
            home = environment.get("HOME", "")
            secret = environment.get("VAULT_TOKEN", "").strip() or (
                _read_file(f"{home}/.vault-token", "") if home else ""
            )
            missing = "there is no token; set VAULT_TOKEN, run `vault login`, or choose another --login"
        case LoginMethod.KUBERNETES:
            secret = _read_file(flags.login_file or _ACCOUNT_TOKEN, flags.login_file)
            missing = "there is no ServiceAccount token here; name its file with --login-file"
        case LoginMethod.JWT:
            secret = _read_file(flags.login_file, flags.login_file) or environment.get("VAULT_JWT", "")
            missing = "there is no JWT; set VAULT_JWT, or name its file with --login-file"
        case LoginMethod.APPROLE:
            role = role or environment.get("VAULT_ROLE_ID", "")
            secret = _read_file(flags.login_file, flags.login_file) or environment.get("VAULT_SECRET_ID", "")
            # There may be none: a role can be bound to addresses instead.
    if missing and not secret:
        raise UsageError(missing)
    if method is not LoginMethod.TOKEN and not role:
        raise UsageError(f"--login {method} needs a role; name it with --login-role")
    return Login(method=method, mount=flags.login_mount.removeprefix("auth/").strip("/"), role=role, secret=secret)


def _read_file(name: str, asked: str) -> str:
    """Return a file's text without blanks around it; a file that nobody asked for need not be there."""
    if not name:
        return ""
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as err:
        if not asked:
            return ""
        raise UsageError(f"{name}: cannot be read; name a readable file") from err


def change_notes(changes: Changes, plan: VaultPlan) -> list[Note]:
    """Return what stderr says of changes: what is not decided, what is refused, what is taken over, what stays."""
    notes = [Note("warning", f"{one.location}: {one}") for one in plan.undecided]
    notes += [Note("error", f"{one.path}: {one.why}") for one in changes.refused]
    notes += [Note("warning", f"{one.path}: is taken over") for one in changes.steps if one.is_adopted]
    notes += [Note("warning", f"{one.path}: {one.why}") for one in changes.doubts]
    notes += [Note("summary", f"{one.path}: {one.why}") for one in changes.kept]
    return notes
