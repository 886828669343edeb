"""Which fields name a Secret: the vocabulary of custom resources and charts.

Kubernetes has no common form for "the Secret that I read", only habits. They are told apart by the end of the
field's name, and what a field says is taken for a name only when it can be one. Only data and the cutting of
names; what follows from a role is decided by the walkers.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Final


class Role(Enum):
    """What a field does, by its name alone."""

    OTHER = auto()
    NAME = auto()
    """Names a Secret, as text or as a reference (``secretName``, ``existingSecret``, ``passwordSecret``)."""
    AMBIGUOUS = auto()
    """A reference when it is a mapping; as text it may as well be the value (``clientSecret``)."""
    LIST = auto()
    """A list of names or references (``secrets``, ``secretRefs``)."""
    PULL = auto()
    """Image pull Secrets."""
    SELECTOR = auto()
    """A reference when it has both ``name`` and ``key`` (``password: {name, key}``)."""
    SKIP = auto()
    """Nothing below it is read."""


_NOT_ALNUM: Final = re.compile(r"[^a-z0-9]+")

_SKIP: Final = frozenset(
    {
        "status", "annotations", "podannotations", "labels", "podlabels", "matchlabels", "matchexpressions",
        "ownerreferences", "managedfields", "involvedobject", "affinity", "tolerations", "nodeselector",
        "topologyspreadconstraints", "resources", "securitycontext", "podsecuritycontext",
        "containersecuritycontext", "livenessprobe", "readinessprobe", "startupprobe", "openapiv3schema",
        "stringdata", "secrettemplate",
    }
)  # fmt: skip
"""Subtrees that never name a Secret, by far the most of a manifest's lines."""

_OUTPUT: Final = re.compile(
    r"(?:write|output|generated|target|destination|result(?!backend)|issued|created|publish|managed|connectionsecretto"
    r"|connectionstringsecret|scramcredentials|certificatesecretname)"
)
"""Fields by which a resource says which Secret it *makes*.

Sources: crossplane ``writeConnectionSecretToRef``, Infisical ``managedSecretReference``, MongoDBCommunity
``connectionStringSecretName`` and ``scramCredentialsSecretName``, tofu-controller ``writeOutputsToSecret``.
"""
_NO_SECRET: Final = re.compile(
    r"(?:secretstore|secretprovider|secretclass|secretmanager|secretengine|secretpath|secrettype|secretkeys?\Z"
    r"|createsecret|usesecret|generatesecret|nosecret|externalsecrets?\Z|sealedsecrets?\Z|imagepullsecretcreate"
    r"|kubernetessecrets\Z)"
)
_NAME_END: Final = re.compile(
    r"(?:secrets?name|secretref|secretreference|secretselector|secretkeyref|secretkeyselector|secretrefname"
    r"|secretkeyreference|tokensecretname)\Z"
)
_EXISTING: Final = re.compile(r"existing\w*secret\w*\Z")
_LIST_END: Final = re.compile(r"(?:secrets|secretrefs|secretnames|secrettargetref|certificaterefs|credentialrefs)\Z")
_PULL: Final = re.compile(r"pullsecret(?:s|names?|refs?)?\Z|registrysecrets?\Z|image(?:registry)?secret(?:s|names?)?\Z")
_CLEAR_WORD: Final = re.compile(
    r"(?:credentials?|creds|password|passwd|tls|certs?|certificates?|ca|config|configuration|objstore|objstoreconfig"
    r"|env|envvars|environment|users?|username|db|database|postgres|postgresql|pg|mysql|mariadb|mongodb|redis|s3"
    r"|backup|storage|registry|external|ssh|kubeconfig|license|init|values|basicauth|htpasswd|cloud|gcp|aws|azure"
    r"|bucket|superuser|root|replication|server|keytab|keystore|truststore|trust|scrapeconfigs|querier|connection"
    r"|repository|restic|rclone|admin|auth|token|key|sshkeys?|provider|account|serviceaccount|monitoring"
    r"|from|app|service|datasource|smtp|login|oidcconfig|jwks?keys|rootca|client(?:cert|tls|ca))secret\Z"
)
"""``...Secret`` fields whose text is a name: the word before says what is *in* the Secret."""
_SELECTOR_KEY: Final = re.compile(
    r"(?:user(?:name)?|(?:auth|smtp)?password|authusername|passphrase|token|accesskey(?:id)?|secretaccesskey|secretkey|accountkey|apikey|api_?url"
    r"|url|uri|dsn|webhookurl|credential|credentials|key|keyid|cert|certificate|ca|cabundle|clientid|clientsecret"
    r"|bearertoken|authorization|endpointca|sessiontoken|region|connectionstring|connectionurl|serviceaccount"
    r"|serviceaccountkey|privatekey|sharedkey|sharedaccesssignature|storageaccount|storagekey|storagesastoken"
    r"|applicationcredentials|objectstorageconfig|objectstorageconfigfile|additionalscrapeconfigs"
    r"|additionalalertmanagerconfigs|additionalalertrelabelconfigs|alertmanagersconfig|queryconfig|tracingconfig"
    r"|slackapiurl|apitoken|authtoken|routingkey|servicekey|webhook|bottoken|serverurl|tlsconfig|sslcert|sslkey"
    r"|sslrootcert|host|port|database|dbname|license|htpasswd|gpgkey|identity"
    r"|accesstoken|oauthtoken|appid|installationid|authsecretref|adminuser|adminpassword|licensekey)\Z"
)
"""Fields that hold a ``SecretKeySelector`` without saying so.

Sources: prometheus-operator ``BasicAuth``, ``AlertmanagerConfig``; CloudNativePG ``S3Credentials``; grafana
operator ``spec.external``; external-secrets' provider fields; VictoriaMetrics operator.
"""


_VALUE_WORD: Final = re.compile(
    r"(?:client|cookie|jwt|webhook|shared|session|signing|hmac|rpc|oauth2?|oidc|api|access|encryption|nextauth|cron"
    r"|internal|csrf|turn|hook|state|macaroon)(?:app)?secret\Z"
)
"""``...Secret`` fields whose text is the value itself, in most of the places where they stand."""


def is_value(key: str) -> bool:
    """Tell whether the text of a field is more likely a secret value than a Secret's name."""
    return _VALUE_WORD.search(normal(key)) is not None


@lru_cache(maxsize=32768)
def normal(key: str) -> str:
    """Return a field's name in lower case without separators: ``existing-secret`` is ``existingsecret``."""
    return _NOT_ALNUM.sub("", key.lower())


@lru_cache(maxsize=32768)
def role_of(key: str) -> Role:
    """Return what a field does, by its name."""
    name = normal(key)
    if name in _SKIP:
        return Role.SKIP
    if name == "credentialname":
        # istio servers[].tls.credentialName, and others after it.
        return Role.NAME
    if "secret" not in name and "pull" not in name and not name.endswith("refs"):
        return Role.SELECTOR if _SELECTOR_KEY.match(name) else Role.OTHER
    if _OUTPUT.match(name):
        return Role.SKIP
    if _PULL.search(name):
        return Role.PULL
    return _secret_role(name)


def _secret_role(name: str) -> Role:
    if _EXISTING.search(name):
        return _existing_role(name)
    if _NO_SECRET.search(name):
        return Role.SELECTOR if _SELECTOR_KEY.match(name) else Role.OTHER
    if _NAME_END.search(name) or name == "secret" or _CLEAR_WORD.search(name):
        return Role.AMBIGUOUS if name == "secret" else Role.NAME
    if _LIST_END.search(name):
        return Role.LIST
    if name.endswith("secret"):
        return Role.AMBIGUOUS
    # barman's secretAccessKey: {name, key}
    return Role.SELECTOR if _SELECTOR_KEY.match(name) else Role.OTHER


def _existing_role(name: str) -> Role:
    # harbor: existingSecretSecretKey names the Secret that holds its "secretKey"; everything else that ends
    # in "Key" names a key. Source: goharbor/harbor-helm values.yaml.
    if name.endswith(("key", "keys")) and not name.endswith("secretsecretkey"):
        return Role.OTHER
    return Role.LIST if name.endswith("secrets") else Role.NAME
