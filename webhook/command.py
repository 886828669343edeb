"""``phase2 webhook``."""

from __future__ import annotations

import os
import re
from typing import Any, Final

import click

from injector.cli.answer import Answer, Note
from injector.cli.configuring import load_configured
from injector.cli.options import CONTEXT, Command, flag
from injector.cli.words import OneOf, PathName
from injector.config.verify import Level
from injector.errors import InputError, UsageError
from injector.migration.load import list_files, load_migrations
from injector.pod.expect import settings_of
from webhook.answering import OnError
from webhook.certs.flags import find_client_ca, find_files, find_keeping, tls_flags
from webhook.settings import Settings, Target, parse_listen
from webhook.validation import make_rules

_OF_SYSTEM: Final = re.compile(r"(.+) \(os error \d+\)")
"""What the server says when the system gives it no socket."""


@click.command("webhook", cls=Command, context_settings=CONTEXT)
@flag(
    "--policy-dir",
    metavar="DIR",
    type=PathName(),
    default="",
    help="Folder of SecretMigrations; read again when it changes. Without it the API server is watched.",
)
@flag("--watch", is_flag=True, help="Watch the API server; so it is without --policy-dir, too.")
@flag(
    "--kubeconfig",
    metavar="FILE",
    type=PathName(),
    default="",
    help="How to reach the API server; by default KUBECONFIG, then that of the pod.",
)
@flag("--context", metavar="NAME", default="", help="Of the kubeconfig; by default its current one.")
@flag(
    "--config",
    metavar="FILE",
    type=PathName(),
    default="",
    help="Configuration; by default the nearest phase2.yaml from DIR, or here, upwards.",
)
@flag(
    "--listen",
    metavar="ADDRESS:PORT",
    default="127.0.0.1:8443",
    show_default=True,
    help="Where to listen; without an address, everywhere.",
)
@tls_flags
@flag("--workers", metavar="N", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@flag(
    "--on-error",
    type=OneOf(OnError),
    default=OnError.ALLOW,
    show_default=True,
    help="What becomes of an object when the webhook itself fails.",
)
@flag(
    "--not-injected",
    type=OneOf(Level),
    default=Level.WARN,
    show_default=True,
    help="A pod that asks for a Vault Agent and has none.",
)
@flag(
    "--malformed",
    type=OneOf(Level),
    help="A SecretMigration that means nothing; by default what `verify` in phase2.yaml says, which is deny.",
)
@flag(
    "--drain",
    metavar="SECONDS",
    type=click.IntRange(0, 300),
    default=5,
    show_default=True,
    help="For how long SIGTERM still lets requests come in: endpoints take a while to know.",
)
@flag("--check", is_flag=True, help="Say what would be served, and what is wrong with it, and serve nothing.")
def command(
    *,
    policy_dir: str,
    watch: bool,
    config: str,
    listen: str,
    check: bool,
    **more: Any,
) -> Answer:
    """Serve the admission webhook: pods that opted in get the Vault Agent's annotations, and let go of their Secrets.

    It decides by what it has in memory: SecretMigrations, ExternalSecrets, stores and Namespaces, watched at the API server or
    read from a folder. Logs are JSON on stderr.
    """
    if watch and policy_dir:
        raise UsageError("--watch and --policy-dir are two sources of the same; give one of them")
    where = parse_listen(listen)
    decided = load_configured(config, [policy_dir or "."]).get()
    cluster = Target(more["kubeconfig"] or os.environ.get("KUBECONFIG", ""), more["context"])
    keeping = find_keeping(more, where, cluster=cluster, workers=more["workers"])
    files = find_files(more, where, keeping=keeping)
    settings = Settings(
        policy_dir=policy_dir,
        cluster=cluster,
        pods=settings_of(decided),
        config=decided,
        rules=make_rules(decided, not_injected=more["not_injected"], malformed=more["malformed"]),
        on_error=more["on_error"],
        listen=where,
        tls=files,
        keeping=keeping,
        client_ca=find_client_ca(more, files),
        workers=more["workers"],
        drain_s=more["drain"],
    )
    if policy_dir:
        list_files(policy_dir)  # each worker reads them; here they would only take memory
    try:
        from webhook.server import is_pair, serve  # noqa: PLC0415 - what is not installed is told of
    except ImportError as err:
        raise UsageError(f"{err.name or 'a library'} is not installed; install vault-phase2[webhook]") from err
    if files and not keeping and not is_pair(files):
        raise InputError(f"{files.certificate}: does not fit the key {files.key}, or is no PEM; name a pair")
    if check:
        return _check(settings)
    _find_api_server(settings)
    try:
        serve(settings)
    except RuntimeError as err:
        taken = _OF_SYSTEM.match(str(err))
        if not taken:
            raise
        raise InputError(
            f"--listen {where}: cannot be listened on: {taken[1]}; end what listens there, or give another address and port"
        ) from err
    return Answer(document="")


def _find_api_server(settings: Settings) -> None:
    """Refuse what names no API server before anything is started: a worker could only fail, again and again.

    In a pod there is nothing to look at, and whoever starts the workers needs no client in memory.
    """
    is_needed = not settings.policy_dir or settings.keeping is not None
    if is_needed and (settings.cluster.kubeconfig or "KUBERNETES_SERVICE_HOST" not in os.environ):
        from webhook.api.client import connect  # noqa: PLC0415 - a folder needs no client

        connect(settings.cluster).close()


def _check(settings: Settings) -> Answer:
    """Say what would be served, and what is wrong with it."""
    scheme = "https" if settings.tls else "http"
    where = f"{scheme}://{settings.listen}"
    if settings.policy_dir:
        loaded = load_migrations(settings.policy_dir)
        text, problems = f"{len(loaded.migrations)} SecretMigrations of {settings.policy_dir}", loaded.problems
    else:
        from webhook.api.client import connect  # noqa: PLC0415 - a folder needs no client
        from webhook.watch.watcher import read_once  # noqa: PLC0415

        snapshot = read_once(connect(settings.cluster), settings=settings.pods)
        text, problems = f"{snapshot.count} SecretMigrations of the API server", snapshot.problems
    return Answer(
        document=f"would serve {text} on {where}\n",
        notes=tuple(Note("warning", one) for one in problems),
        exit_code=2 if problems else 0,
    )
