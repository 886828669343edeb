"""The table of everything that ``phase2.yaml`` may hold. A new key is a line here and an attribute in the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from injector.config.admission import CONVENTION, LABEL_ALONE, WEBHOOK, check_convention
from injector.config.decisions import CLUSTER, ENGINE_ROLE, WORKLOAD
from injector.config.flags import DEFAULTS
from injector.config.model import (
    LABEL_PREFIX,
    App,
    AppRole,
    AuthMethod,
    Bootstrap,
    Config,
    Override,
    Vault,
    VaultAuth,
    VaultNames,
)
from injector.config.shape import Field, ListOf, MapOf, Place, Problems, Section, Text, Word
from injector.config.verifyfields import VERIFY
from injector.knowledge.engines import DATABASE_SYSTEMS, ENGINES
from injector.knowledge.words import SYSTEMS
from injector.manifests.yamldoc import Map
from injector.model import Verdict

GLOB: Final = Text(
    "a glob",
    r"(?:[^\s\[\]{}]|\[!?[^\s\[\]]+\])+",
    "`*` is any text, `?` one character, `[ab]` one of these; alternatives need an entry each",
    300,
)
REASON: Final = Text("a sentence", r"[^\n]*\S[^\n]*", "say why on one line")
MOUNT: Final = Text("a mount's path", r"[^\s/](?:[^\s]*[^\s/])?", "write it without a slash at either end")
NAMESPACE: Final = replace(MOUNT, what="a namespace's path")
VARIABLE: Final = Text("a variable's name", r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and underscores")
PREFIX: Final = Text(
    "a DNS name of yours",
    r"(?!(?:.*\.)?(?:kubernetes\.io|k8s\.io|vault\.hashicorp\.com)$)"
    r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*",
    "small letters, digits, dashes and dots, as in phase2.example.com; none of Kubernetes' or the injector's own",
    253,
)
"""What Kubernetes allows before the slash of a label.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
"""
OTHER: Final = "other"
"""A system that no Vault secrets engine issues logins for."""
LOGIN_SYSTEMS: Final = tuple(sorted((*DATABASE_SYSTEMS, "ldap", "rabbitmq")))

PLACEHOLDERS: Final = ("namespace", "serviceAccount", "name", "engine")
NAME: Final = Text(
    "a name with placeholders",
    rf"(?:[A-Za-z0-9_.-]|\{{(?:{'|'.join(PLACEHOLDERS)})\}})+",
    f"letters, digits, `_`, `.`, `-` and {', '.join(f'{{{one}}}' for one in PLACEHOLDERS)}",
    200,
)


def _check_override(value: Map, place: Place, problems: Problems) -> None:
    if not {"namespace", "name", "vaultPath"} & set(value):
        problems.add(place, "matches everything; add namespace, name or vaultPath")
    is_dynamic = value["verdict"] == Verdict.DYNAMIC
    if is_dynamic and "engine" not in value:
        problems.add(place, f"{Verdict.DYNAMIC} needs an engine; add engine, as in database/postgresql")
    if not is_dynamic and "engine" in value:
        problems.add(place.inner("engine", value.at("engine")), f"{Verdict.STATIC} has no engine; remove it")


OVERRIDE: Final = Section(
    Override,
    (
        Field("namespace", GLOB, "Glob of the Secret's namespace."),
        Field("name", GLOB, "Glob of the name of the Secret, or of the object that makes it."),
        Field(
            "vaultPath",
            GLOB,
            "Glob of the path in Vault, as in `vault kv get` (`secret/app`) or as requested (`secret/data/app`).",
        ),
        Field("key", GLOB, "Glob of the Secret's key, to take one credential out of a Secret. Without it: all keys."),
        Field(
            "verdict",
            Word((Verdict.STATIC.value, Verdict.DYNAMIC.value), Verdict, {"dynamic": "dynamic-capable"}),
            "The verdict that holds.",
            is_required=True,
        ),
        Field("engine", Word(ENGINES), "Which secrets engine issues it; needed with `dynamic-capable`, and only then."),
        Field("reason", REASON, "Why. It is shown as the evidence, with the line of the entry.", is_required=True),
    ),
    "a mapping",
    _check_override,
    {
        "anyOf": [{"required": [one]} for one in ("namespace", "name", "vaultPath")],
        "if": {"properties": {"verdict": {"const": Verdict.DYNAMIC.value}}},
        "then": {"required": ["engine"]},
        "else": {"properties": {"engine": False}},
    },
    is_located=True,
)


def _check_app(value: Map, place: Place, problems: Problems) -> None:
    if not {"image", "chart"} & set(value):
        problems.add(place, "names no app; add image or chart")
    if not {"is", "fileSuffix", "fileEnv", "command"} & set(value):
        problems.add(place, "says nothing of the app; add is, fileSuffix, fileEnv or command")
    role, has_system = value.get("is"), "system" in value
    if role == AppRole.SERVER and not has_system:
        problems.add(place, f"a server needs a system; add system, as in postgresql, or {OTHER}")
    if has_system and role not in (AppRole.SERVER.value, AppRole.CLIENT.value):
        problems.add(place.inner("system", value.at("system")), "only a server or a client has one; say which it is")


_HAS_SYSTEM: Final = [AppRole.SERVER.value, AppRole.CLIENT.value]
APP: Final = Section(
    App,
    (
        Field(
            "image",
            GLOB,
            "Glob of the image without tag and digest; a glob without a slash is compared with the last part only.",
        ),
        Field("chart", GLOB, "Glob of the Helm chart's name."),
        Field(
            "is",
            Word(tuple(AppRole), AppRole, {"database": "server", "tool": "web-tool", "system": "infrastructure"}),
            "What it is. A `server` reads its own password; a `client` logs in to one; `infrastructure` is needed to "
            "reach Vault, or for network, storage and backups; a `web-tool` keeps logins of people.",
            attribute="role",
        ),
        Field(
            "system",
            Word((*LOGIN_SYSTEMS, OTHER), aliases=SYSTEMS),
            "Of a server what it serves, of a client what it logs in to when nothing else tells. What speaks a "
            f"system's protocol counts as that system; `{OTHER}` has no engine.",
        ),
        Field(
            "fileSuffix",
            Text("an ending", r"_[A-Z_]+", "as in _FILE or __FILE", 30),
            "Ending by which the app reads any variable from a file: `_FILE`, `__FILE`.",
        ),
        Field(
            "fileEnv",
            MapOf(VARIABLE, VARIABLE, "variables to the variables that name a file instead"),
            "Variable by variable, where there is no common ending. Wins over `fileSuffix`.",
        ),
        Field(
            "command",
            ListOf(Text("a text"), "words"),
            "The image's own command line (entrypoint and arguments), for workloads that do not name it: a wrapper must.",
        ),
    ),
    "a mapping",
    _check_app,
    {
        "allOf": [
            {"anyOf": [{"required": [one]} for one in ("image", "chart")]},
            {"anyOf": [{"required": [one]} for one in ("is", "fileSuffix", "fileEnv", "command")]},
            {
                "if": {"required": ["is"], "properties": {"is": {"const": AppRole.SERVER.value}}},
                "then": {"required": ["system"]},
            },
            {
                "if": {"required": ["system"]},
                "then": {"required": ["is"], "properties": {"is": {"enum": _HAS_SYSTEM}}},
            },
        ]
    },
    is_located=True,
)

AUTH: Final = Section(
    VaultAuth,
    (
        Field("method", Word(tuple(AuthMethod), AuthMethod), "The kind of auth method.", is_required=True),
        Field("mount", MOUNT, "Its path below `auth/`; without it the method's own name."),
        Field("audience", Text("a text"), "The audience that workloads' tokens are made for."),
        Field(
            "boundIssuer",
            Text("a text", longest=2000),
            "With `jwt`: the issuer of the tokens. An API server with several issuers needs the whole string, commas "
            "included.",
        ),
    ),
)

NAMES: Final = Section(
    VaultNames,
    (
        Field("authRole", NAME, "A workload's role at the auth method, as in `{namespace}-{serviceAccount}`."),
        Field("policy", NAME, "A workload's policy."),
        Field("engineRole", NAME, "A credential's role at its secrets engine; `{name}` is the Secret's."),
    ),
)

VAULT: Final = Section(
    Vault,
    (
        Field(
            "address",
            Text("a URL", r"https?://[^\s/?#@]+(?:/[^\s?#@]*)?", "as in https://vault.example.com:8200"),
            "Vault's URL, as workloads reach it.",
        ),
        Field("namespace", NAMESPACE, "Namespace of Vault Enterprise or OpenBao; without it the root."),
        Field("mounts", MapOf(Word(ENGINES), MOUNT, "engines to paths"), "Where secrets engines are mounted."),
        Field("kvMounts", ListOf(MOUNT, "mounts"), "KV engines, beside those that secret stores name."),
        Field("auth", AUTH, "How workloads log in."),
        Field(
            "names",
            NAMES,
            "How roles and policies are called, with `{namespace}`, `{serviceAccount}`, `{name}` and `{engine}`. "
            "Without a convention a person says it case by case.",
        ),
        LABEL_ALONE,
    ),
    "a mapping",
    check_convention,
    CONVENTION,
)

CONFIG: Final = Section(
    Config,
    (
        Field(
            "overrides",
            ListOf(OVERRIDE, "verdicts of your own"),
            "Verdicts of your own; they win over every rule. All globs of an entry must match, `*` crosses slashes, "
            "and of several entries that match the first one wins.",
        ),
        Field(
            "bootstrap",
            Section(
                Bootstrap,
                (
                    Field(
                        "namespaces",
                        ListOf(GLOB, "globs"),
                        "Namespaces that hold nothing but infrastructure, beside those that phase2 knows.",
                    ),
                ),
            ),
            "What is needed before Vault can be reached: it stays static.",
        ),
        Field(
            "apps",
            ListOf(APP, "apps"),
            "What phase2 cannot know of your apps. It wins over the built-in knowledge; of several entries that "
            "match the first one wins.",
        ),
        Field(
            "labelPrefix",
            PREFIX,
            f"Before the slash in all labels and annotations of phase2. Without it `{LABEL_PREFIX}`.",
        ),
        Field("vault", VAULT, "Where things are in your Vault, and how they are called."),
        Field(
            "engineRoles",
            ListOf(ENGINE_ROLE, "roles"),
            "What a role at a secrets engine may do; of several entries that match the first one counts.",
        ),
        Field(
            "workloads",
            ListOf(WORKLOAD, "workloads"),
            "What the tree does not say of pods that a chart or an operator makes; of several entries that match the first "
            "one counts.",
        ),
        Field("cluster", CLUSTER, "What the cluster can do."),
        Field("webhook", WEBHOOK, "How the admission webhook decides."),
        Field("verify", VERIFY, "How the design rules are held: `phase2 verify`, and the webhook's `/validate`."),
        Field(
            "defaults",
            DEFAULTS,
            "Values of flags, by command. A flag on the command line wins over its environment variable, and that "
            "over this.",
        ),
    ),
    "a mapping",
)
