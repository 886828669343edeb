"""What becomes of each function of ESO's template engine in Vault Agent.

ESO has Go's built-in functions, those of sprig and its own; Vault Agent (consul-template) has Go's, sprig's repeatable
ones under ``sprig_<name>``, and its own. A handful of names exist in both with different meaning (``split``,
``regexReplaceAll``, ``join``...), so every sprig function is renamed, the harmless ones too.

Sources: external-secrets pkg/template/v2/template.go@v0.19.2 and runtime/template/v2@v2.9.0; sprig v3.3.0 functions.go;
consul-template template/template.go@v0.41.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


GO: Final = _names("and call eq ge gt html index js le len lt ne not or print printf println urlquery")
"""Functions of text/template itself. ``slice`` is missing: sprig's hides it."""

SPRIG: Final = _names("""
    abbrev abbrevboth add add1 add1f addf adler32sum all any append atoi b32dec b32enc b64dec b64enc base biggest
    buildCustomCert camelcase cat ceil chunk clean coalesce compact concat contains decryptAES deepCopy deepEqual default
    derivePassword dict dig dir div divf duration durationRound empty ext fail first float64 floor fromJson get has hasKey
    hasPrefix hasSuffix hello indent initial initials int int64 isAbs join kebabcase keys kindIs kindOf last list lower max
    maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk mustCompact mustDateModify mustDeepCopy mustFirst
    mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend mustPush mustRegexFind
    mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse
    mustSlice mustToDate mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout must_date_modify nindent nospace omit
    osBase osClean osDir osExt osIsAbs pick pluck plural prepend push quote regexFind regexFindAll regexMatch
    regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit repeat replace rest reverse round semver semverCompare
    seq set sha1sum sha256sum sha512sum slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase
    ternary title toDate toDecimal toJson toPrettyJson toRawJson toString toStrings trim trimAll trimPrefix trimSuffix
    trimall trunc tuple typeIs typeIsLike typeOf uniq unixEpoch unset until untilStep untitle upper urlJoin urlParse values
    without wrap wrapWith
""")
"""Same name and meaning behind ``sprig_``."""

YAML: Final = "phase2-yaml"
"""Template that writes the mapping which ``parseYAML`` returned as JSON; see `injector.templates.pieces`."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Functions that do together what one does in ESO.

    Attributes:
        head: takes the place of the name.
        tail: follows the command, each after a ``|``.
        needs: a template of ours that one of them runs.
    """

    head: str
    tail: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A function without equivalent, and why."""

    why: str


Meaning: TypeAlias = "Chain | Missing"

_CHANCE: Final = Missing("yields something new at every rendering, so the file would change each time")
_TIME: Final = Missing("Vault Agent has no clock functions in templates, and the file would change each time")
_FORMATS: Final = Missing("Vault Agent can't build PKCS#12 stores; keep this key with External Secrets Operator")
_KEYS: Final = Missing("Vault Agent can't convert keys; store the converted key in Vault")
_NETWORK: Final = Missing("asks the network while rendering")

_REFUSED: Final[Mapping[str, Missing]] = {
    **dict.fromkeys(
        _names("""bcrypt encryptAES genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert
        genSignedCertWithKey htpasswd randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle
        uuidv4"""),
        _CHANCE,
    ),
    **dict.fromkeys(
        _names("""ago date dateInZone dateModify date_in_zone date_modify htmlDate htmlDateInZone now"""), _TIME
    ),
    **dict.fromkeys(
        _names("""fullPemToPkcs12 fullPemToPkcs12Pass pemToPkcs12 pemToPkcs12Pass pemTruststoreToPKCS12
        pemTruststoreToPKCS12Pass pkcs12cert pkcs12certPass pkcs12key pkcs12keyPass"""),
        _FORMATS,
    ),
    **dict.fromkeys(_names("""jwkPrivateKeyPem jwkPublicKeyPem rsaDecrypt"""), _KEYS),
    "certSANs": Missing("Vault Agent can't read certificates"),
    "filterCertChain": Missing("Vault Agent can't order a chain of certificates"),
    "getHostByName": _NETWORK,
    "hexdec": Missing("Vault Agent can't decode hexadecimal"),
}

_OWN: Final[Mapping[str, Chain]] = {
    # ESO's YAML library goes by way of JSON, which is visible: numbers are floats, keys are strings. Of a text that is no
    # mapping ESO makes an error message under "Error"; Vault Agent fails instead.
    "toYaml": Chain("toJSON", ("parseYAML", "toYAML")),
    "fromYaml": Chain("parseYAML", (f'executeTemplate "{YAML}"', "parseJSON"), needs=YAML),
}

TAKE_MAPS: Final = _names(
    """dig get hasKey keys merge mergeOverwrite mustMerge mustMergeOverwrite omit pick pluck set unset values"""
)
"""sprig's functions of ``map[string]interface{}``. ESO's data are a ``map[string]string``: they fail on it."""

TELL_TYPES: Final = frozenset({"deepEqual", "typeIs", "typeIsLike", "typeOf"})
"""They would tell the data of the two engines apart."""


def find_meaning(name: str) -> Meaning | None:
    """Return what becomes of a function of ESO's, None when ESO has none of this name.

    ``filterPEM`` is not here: what becomes of it hangs on its argument, see `pem_filter`.
    """
    if name in GO:
        return Chain(name)
    if name in SPRIG:
        return Chain(f"sprig_{name}")
    return _OWN.get(name) or _REFUSED.get(name)


def pem_filter(kind: str) -> Chain | None:
    """Return what does the same as ``filterPEM`` of this kind, None when `kind` is no PEM type.

    The blocks are taken as they are written, while ESO decodes and encodes them: the same for PEM as programs write it.
    Without any block ESO fails, and Vault Agent renders nothing.
    """
    if not kind or not all(c.isascii() and (c.isalnum() or c == " ") for c in kind):
        return None
    block = f"-----BEGIN {kind}-----.*?-----END {kind}-----"
    return Chain(
        rf'regexReplaceAll "(?is).*?(?:({block}\n?)|\\z)" "$1"',
        (r'regexReplaceAll "([^\n])\\z" "$1\n"',),
    )
