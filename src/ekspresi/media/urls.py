"""Parse the address of a network camera, and hide its secrets.

In: text or a path. Out: an address to open, and one to print, without users, passwords and keys. Does not know about
networks.
"""

import os
import re

from ekspresi.errors import SourceError

SCHEMES = ("rtsp", "rtsps", "http", "https")

_ADDRESS = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/])(.*?)\s*", re.DOTALL)  # two letters: C:/ is a drive
_MISTYPED = re.compile(r"(?![A-Za-z]:[/\\]).*:.*@.+", re.DOTALL)  # 'rtsp//user:password@host', 'user:pass/word@host'
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[\w.-]+)")
_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(u|user(?:name)?|usr|login|account|loginuse|loginpas|p|pw|pass(?:wor[dt]|wd)?|pwd|psw|auth|(?:[a-z]+_?)?token|"
    r"(?:api_?)?key|secret|sig(?:nature)?|session(?:_?id)?)=((?:(?!_[A-Za-z]+=)[^&;/?#\s])*)",
    re.IGNORECASE,
)
_HIDDEN = "***"


def parse_address(source: str | os.PathLike[str]) -> str | None:
    """Return the address to open; None where the source is a path.

    A ``Path`` made of an address has lost a slash, which is put back.

    Raises:
        SourceError: the scheme is not one of ``SCHEMES``; or the source is neither an address nor an existing path,
            but may hold a password.

    Example:
        >>> parse_address("RTSP:/host/door"), parse_address("clip.mp4")
        ('rtsp://host/door', None)
    """
    text = os.fspath(source)
    known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
    if not (found := _ADDRESS.fullmatch(text)):
        keyed = "//" in text and _SECRET.search(text)  # 'rtsp//host/?password=...'
        if (_MISTYPED.fullmatch(text) or keyed) and not os.path.lexists(text):
            shown = _HIDDEN + text[text.rindex("@") :] if "@" in text else text
            raise SourceError(f"{redact(shown)}: looks like an address without a scheme. Start it with one of {known}.")
        return None
    scheme, rest = found[1].lower(), found[2]
    if scheme not in SCHEMES:
        where = redact(f"{scheme}://{rest}")
        raise SourceError(f"{where}: cannot be read. Start an address with one of {known}, or give the path of a file.")
    return f"{scheme}://{rest}"


def redact(address: str) -> str:
    """Replace user, password and values of secret parameters by ``***``, and line breaks by blanks.

    Passwords with unescaped characters are common and ambiguous ('rtsp://a:1/2@host'). So everything is hidden up to
    the last @ that may end one.

    Example:
        >>> redact("rtsp://user:secret@host/door?token=1&size=2")
        'rtsp://***@host/door?token=***&size=2'
    """
    scheme, mark, rest = address.partition("://") if "://" in address else ("", "", address)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    # 'host/a@b' is a path; 'x:1/a@b' could be a host with its port or a user with half a password.
    if "@" in rest and not _HOST.fullmatch(authority):
        rest = f"{_HIDDEN}@{rest[rest.rindex('@') + 1 :]}"
    rest = _SECRET.sub(rf"\1={_HIDDEN}", rest)
    return " ".join(f"{scheme}{mark}{rest}".split())
