"""Takes what looks like a secret value out of text that stands in Git.

Literal environment values and templates are evidence (hosts, ports, schemes), and now and then somebody has written
a password into them. What is kept is what is known to be harmless: names, numbers, hosts, paths, words and references
such as ``${VAR}`` or ``{{ .var }}``. Everything else goes: a lost hint costs little, a printed password much.
"""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "<redacted>"

_MAX_WORD: Final = 20
"""Letters in a row: longer ones are no words of a configuration."""
_MAX_ROUNDS: Final = 8
_MAX_SIGNS: Final = 3
"""Literals of an action up to this length join or escape something: ``"@"``, ``"%40"``."""
_LONG_WORD: Final = 10
"""From this length on, five consonants in a row are no word any more (``https``, ``tmpfs`` and ``httpbin`` are)."""
_LONGEST_RUN: Final = 6
_MAX_TEXT: Final = 64 * 1024
"""Longer literals are files; nothing in them is needed as evidence.

The bounds in the expressions below keep their cost linear, whatever the text: a name has at most 80 letters before and
40 after its telltale part, an action 2000 characters, a default or a password in a URL 500.
"""

# Marks in the private use area stand for references while the text around them is judged.
_MARK: Final = "\ue000{}\ue001"
_MARKED: Final = re.compile("\ue000(\\d+)\ue001")
_MARKS: Final = re.compile("[\ue000\ue001]")
_REFERENCE: Final = re.compile(
    r"""
      <redacted>
    | \{\{(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|[^"`}]|\}(?!\})){0,2000}\}\}
    | \$\{[A-Za-z_][\w.]*(?::?[-=?+][^}]{0,500})?\}
    | \$\([A-Za-z_][\w.]*\)
    | (?<![\w$])\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+)(?![\w$])
    | <path:[\w./-]+\#[\w.-]+>
    """,
    re.VERBOSE,
)
_ACTION_STRING: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`')
_VERB: Final = re.compile(r"%[-+#0-9.]*[sdvqtxb]")
_DEFAULT: Final = re.compile(r"\$\{(?P<name>[A-Za-z_][\w.]*)(?P<sign>:?[-=?+])(?P<inner>[^}]*)\}")

_TELLTALE: Final = (
    r"[\w.-]{0,80}(?:passw(?:or)?d|passphrase|passwd|pwd|pass\b|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key"
    r"|signing[_-]?key|encryption[_-]?key|master[_-]?key|account[_-]?key|shared[_-]?key|credential|authorization|bearer"
    r"|cookie|(?<![A-Za-z])(?:auth|salt|dsn)\b)[\w-]{0,40}"
)
_HARMLESS_NAME: Final = re.compile(
    r"(?:file|path|dir|name|names|url|uri|host|ref|type|kind|ttl|expiry|expiration|length|size|min|max|enabled|policy"
    r"|method|mode|provider|issuer|audience|header|format|algorithm|domain|id)s?\Z",
    re.IGNORECASE,
)
_ASSIGNED: Final = re.compile(
    rf"(?P<name>(?<![\w.-]){_TELLTALE})(?P<mid>[\"']?\s*(?::=|=>|[:=])[ \t]*[\"']?)"
    r"(?P<value>(?<=\")[^\"\n]+|(?<=')[^'\n]+|(?<=:[ \t])[^\s\"',;}\])][^\n\"',;}\])]*|[^\s\"',;&|}\])]+)",
    re.IGNORECASE,
)
_PEM: Final = re.compile(r"-----BEGIN [^-\n]*-----.*?(?:-----END [^-\n]*-----|\Z)", re.DOTALL)
_USERINFO: Final = re.compile(
    r"(?P<scheme>\b[A-Za-z][\w+.-]{0,30}:(?:[A-Za-z][\w+.-]{0,30}:)?//)(?P<user>[^\s/?#\"'<>]*)@"
)
_USERINFO_LOOSE: Final = re.compile(
    r"(?P<scheme>\b[A-Za-z][\w+.-]{0,30}://)(?P<user>[^\s:/?#\"'<>@]{0,500}:(?!\d{1,5}(?:[/?#,]|\Z))"
    r"(?:(?!\ue001[A-Za-z][\w+.-]{0,30}://)[^\s\"'<>]){0,500})@"
)
"""A password may hold ``/``, ``?`` and ``#``, though no URL may: what is no port is taken for one, up to the last ``@``
or to another URL right behind a reference."""
_HEADER: Final = re.compile(r"(?P<head>\b(?:Bearer|Basic|Token|Digest)\s+)(?P<value>[^\s\"',;]+)", re.IGNORECASE)
_SHORT_FLAG: Final = re.compile(
    r"(?P<head>\b(?:mysql|mariadb|mysqladmin|mysqldump|mongo|mongosh)\b[^\n|;]{0,500}?\s-p)(?P<value>[^\s=-]\S*)"
)
_REDIS_FLAG: Final = re.compile(
    r"(?P<head>(?:\s|\A)(?:--requirepass|--masterauth|requirepass|masterauth|-a)\s+)(?P<value>[^\s-]\S*)"
)

_TOKEN: Final = re.compile(r"[^\s\"'`,;|&(){}\[\]<>=?]+")
_WORD: Final = re.compile(r"[^\s\"'`]+")
_KNOWN: Final = re.compile(
    r"(?:gh[pousr]_|github_pat_|glpat-|gl[a-z]{2,4}-|xox[abeprs]-|xapp-|sk-|sk_(?:live|test)_|pk_(?:live|test)_|rk_|AKIA|ASIA|AIza"
    r"|ya29\.|hv[sbr]\.|s\.[A-Za-z0-9]{20}|eyJ|AGE-SECRET-KEY|SG\.|dop_v1_|npm_|pypi-|dckr_pat_|whsec_|tskey-|ntn_|hf_"
    r"|\$2[aby]\$|\$argon2|\$apr1\$|\$[156]\$|\{SHA\}|\{SSHA\}|SCRAM-SHA-|md5[0-9a-f]{32}|-----BEGIN)"
)
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,9})?(?:[a-zA-Z%]{1,3})?\Z")
_DURATION: Final = re.compile(r"(?:\d{1,6}(?:\.\d+)?(?:ns|us|ms|s|m|h|d|w|y))+\Z")
_VERSION: Final = re.compile(r"v?\d{1,4}(?:\.\d{1,5}){0,3}(?:[-.+][a-z]{1,12}\d{0,4}){0,3}\Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?Z?)?\Z")
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?:/\d{1,2})?\Z")
_CUT: Final = re.compile(r"[^A-Za-z0-9]+")
_PART: Final = re.compile(
    r"(?:[A-Za-z]{0,20}\d{0,5}|\d{1,5}[a-z]{1,4}|\d{1,2}T\d\d|\d{1,2}Z|[a-z]{1,2}\d{1,2}[a-z]{1,2}|X(?:m[sxn]|ss)\d{1,6}[kmgKMG]"
    r"|utf8mb[34]|base64url|oauth2proxy)\Z"
)
_HUMPS: Final = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]+")
_CONSONANTS: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}", re.IGNORECASE)
_PIECES: Final = re.compile("(\ue000\\d+\ue001)")
_PORT: Final = re.compile(r":\d{1,5}(?:/|\Z)")
_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_ALLOWED: Final = re.compile(r"[A-Za-z0-9._:/-]*\Z")
"""What names are made of; ``!#$%^*~+@`` are signs of a password."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}(?::[A-Za-z][A-Za-z0-9+.-]{1,20})?\Z")
_KEPT: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "nil", "*", "#", ""})


def looks_secret(text: str) -> bool:
    """Tell whether `redact` would take something out of `text`."""
    return redact(text) != text


def redact(text: str) -> str:
    """Return `text` with ``<redacted>`` in the place of everything that may be a secret value.

    Kept: hosts, ports, schemes, URLs without user information, file paths, numbers, booleans, plain words, and
    references: ``${VAR}``, ``$(VAR)``, ``{{ .action }}``. Redacting twice changes nothing more. A password that is a
    plain word cannot be told from one: only what stands before it (``password=``, ``user:`` in a URL) gives it away.
    """
    if len(text) > _MAX_TEXT:
        return REDACTED
    # What has gone can lay bare what stands beside it ("token: token: x://"), so until nothing changes any more.
    for _ in range(_MAX_ROUNDS):
        again = _redact_once(text)
        if again == text:
            return text
        text = again
    return REDACTED  # pragma: no cover - no text is known that needs more than three rounds


def _redact_once(text: str) -> str:
    if not text or text.isspace():
        return text
    references: list[str] = []

    def mark(match: re.Match[str]) -> str:
        references.append(_redact_reference(match[0]))
        return _MARK.format(len(references) - 1)

    plain = _REFERENCE.sub(mark, _MARKS.sub(REDACTED, text))
    plain = _REFERENCE.sub(mark, _redact_shapes(plain))
    plain = _WORD.sub(lambda match: _redact_word(match[0]), plain)
    restored = _MARKED.sub(lambda match: references[int(match[1])], plain)
    # Several pieces in a row that are gone say no more than one.
    return _REPEATED.sub(REDACTED, restored)


_REPEATED: Final = re.compile(rf"(?:{re.escape(REDACTED)}){{2,}}")


def _redact_reference(reference: str) -> str:
    """Take secrets out of what a reference holds: an action's literals, the default of a ``${VAR:-default}``."""
    if reference.startswith("{{"):
        return _ACTION_STRING.sub(_redact_literal, reference)
    default = _DEFAULT.fullmatch(reference)
    if default is None:
        return reference
    name, inner = default["name"], default["inner"]
    is_named = _NAMED_SECRET.search(name) is not None and not _HARMLESS_NAME.search(name)
    if is_named and inner.lower() not in _KEPT:
        inner = REDACTED
    elif inner:
        inner = redact(inner)
    return f"${{{name}{default['sign']}{inner}}}"


_NAMED_SECRET: Final = re.compile(_TELLTALE, re.IGNORECASE)


def _redact_literal(match: re.Match[str]) -> str:
    quote = match[0][0]
    inner = match[1] if match[1] is not None else match[2]
    # The verbs of printf stand for what it is given, as references do; a sign or two are no secret.
    if len(inner) <= _MAX_SIGNS or not looks_secret(_VERB.sub("${V}", inner)):
        return match[0]
    return f"{quote}{redact(inner)}{quote}"


def _redact_shapes(text: str) -> str:
    """Take out what is a secret by where it stands, whatever it looks like."""
    text = _PEM.sub(REDACTED, text)
    text = _USERINFO.sub(_redact_userinfo, text)
    text = _USERINFO_LOOSE.sub(_redact_userinfo, text)
    text = _ASSIGNED.sub(_redact_assigned, text)
    for pattern in (_HEADER, _SHORT_FLAG, _REDIS_FLAG):
        text = pattern.sub(_redact_value, text)
    return text


def _redact_userinfo(match: re.Match[str]) -> str:
    """Keep a user's name only when the password beside it is a reference."""
    user = match["user"]
    if _is_references(user) or _is_kept_user(user):
        return match[0]
    return f"{match['scheme']}{REDACTED}@"


def _redact_assigned(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    is_kept = _HARMLESS_NAME.search(name) or _is_references(value) or value.lower() in _KEPT
    if is_kept or value == REDACTED or value.startswith(("/", "./", "~/")) or "://" in value:
        return match[0]
    return f"{name}{match['mid']}{REDACTED}"


def _redact_value(match: re.Match[str]) -> str:
    value = match["value"]
    return match[0] if _is_references(value) or value.startswith(REDACTED) else f"{match['head']}{REDACTED}"


def _is_references(value: str) -> bool:
    """Tell whether a value is made of references and nothing that could be read."""
    rest = _MARKED.sub("", value)
    return rest != value and not _CUT.sub("", rest)


def _redact_word(word: str) -> str:
    """Judge what stands between blanks and quotes.

    A password may hold commas and brackets: when a piece of a word has to go, its other pieces go with it, unless the
    word is a URL or has references, which say themselves where a piece ends.
    """
    done = _TOKEN.sub(lambda match: _redact_token(match[0]), word)
    if done == word or "://" in word or "\ue000" in word:
        return done
    head, _, tail = word.partition("=")
    return f"{head}={REDACTED}" if tail.strip("=") and is_plain(head) else REDACTED


def _redact_token(token: str) -> str:
    """Judge a piece of a word."""
    if is_plain(token):
        return token
    if "://" in token:
        return _redact_url(token)
    if "\ue000" in token:
        # Text beside a reference: the reference stays, what stands around it is judged piece by piece.
        pieces = _PIECES.split(token)
        return "".join(one if number % 2 else _redact_piece(one, number) for number, one in enumerate(pieces))
    return REDACTED


def _redact_piece(piece: str, number: int) -> str:
    """Judge text before (`number` 0) or after a reference."""
    body = piece
    if number and piece.startswith("@"):  # {{ .user }}:{{ .password }}@tcp(host)
        body = piece[1:]
    elif number and piece.startswith(":") and not _PORT.match(piece):  # {{ .user }}:hunter2
        body = piece[1:]
        return piece if not body or body == "@" else REDACTED
    return piece if not body or is_plain(body) else REDACTED


def _redact_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not _is_scheme(scheme):
        return REDACTED
    if at and not (_is_references(user) or _is_kept_user(user)):
        user = REDACTED  # pragma: no cover - taken out before; this holds should the two ever differ
    port = host.rpartition(":")[2] if host.count(":") == 1 else ""
    if port and not port.isdigit() and "\ue000" not in port:
        return f"{scheme}://{REDACTED}"  # ``scheme://user:password`` cut short
    if host and not is_plain(host):
        host = _redact_token(host) if "\ue000" in host else REDACTED
    tail = "/".join(_redact_token(part) if part else "" for part in path.split("/"))
    return f"{scheme}://{user}{at}{host}{slash}{tail}"


def _is_scheme(text: str) -> bool:
    """Tell a URL's scheme, also one that a reference gives, or that stands right behind one."""
    *before, last = _PIECES.split(text)
    return all(not one or is_plain(one) for one in before[::2]) and (
        _SCHEME.match(last) is not None or bool(before and not last)
    )


def _is_kept_user(user: str) -> bool:
    """Tell whether user information is a name and a password that is a reference."""
    name, colon, password = user.partition(":")
    return bool(colon and password) and _is_references(password) and (not name or is_plain(name))


def is_plain(token: str) -> bool:
    """Tell whether a word without blanks can be no secret: a number, a name, a host, a path, a version."""
    if _KNOWN.match(token):
        return False
    if token.lower() in _KEPT or any(one.match(token) for one in _NUMBERS):
        return True
    if "://" in token:
        return False
    token = _DIGEST.sub("", token).removeprefix("*.")  # an image's digest, a wildcard of hosts
    if not (_ALLOWED.match(token) and all(_is_name(part) for part in _CUT.split(token) if part)):
        return False
    # ``user:pass1`` is basic authentication, ``redis:6379`` and ``nginx:latest`` are not.
    left, colon, right = token.partition(":")
    if colon and left and right and ":" not in right and "/" not in right:
        return right.isalpha() or _VERSION.match(right) is not None or "." in right
    return True


_NUMBERS: Final = (_NUMBER, _DURATION, _VERSION, _DATE, _ADDRESS)


def _is_name(part: str) -> bool:
    """Tell whether letters and digits read like a name: words with at most a short number behind them."""
    if not _PART.match(part):
        return False
    letters = part.strip("0123456789")
    run = _CONSONANTS.search(letters)
    if len(letters) > _MAX_WORD or (run and (len(letters) >= _LONG_WORD or len(run[0]) > _LONGEST_RUN)):
        return False
    if letters.islower() or letters.isupper() or not letters:
        return True
    humps = _HUMPS.findall(letters)
    return len(letters) >= 3 * len(humps) - 1
