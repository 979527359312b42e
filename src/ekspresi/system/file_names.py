r"""Write any file name as text that terminals, pages and tables take, and read it back.

In: file names as Python holds them, where a byte that is not UTF-8 is a lone surrogate (PEP 383). Out: printable text,
the same in each output. Does not know about files.

    caf\xe9.jpg in Latin-1       caf<e9>.jpg        a byte that is not UTF-8
    a line break, ESC           <0a>, <1b>         a control character
    right-to-left override      <u+202e>           a character that reorders or breaks the line around it
    <e9>.jpg, letter by letter  <3c>e9>.jpg        so that reading back gives the same name

All other names stay as they are.
"""

import re

_BYTE, _CHARACTER = r"[0-9a-f]{2}", r"u\+[0-9a-f]{4,6}"
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]" rf"|<(?=(?:{_BYTE}|{_CHARACTER})>)"
)
_ESCAPED = re.compile(rf"<({_BYTE}|{_CHARACTER})>")
_FORMULA = re.compile(r"(?:^|(?<=;))( *)([=+\-@＝＋－＠])(?=.)")
_UNDECODED = 0xDC00
"""Added by Python to a byte of a name that it cannot decode."""


def printable(text: str) -> str:
    r"""Write a file name, or a message that holds one, as one line of printable text.

    Example:
        >>> printable("caf\udce9\n.jpg"), printable("日本 <b>.jpg")
        ('caf<e9><0a>.jpg', '日本 <b>.jpg')
    """
    return _UNPRINTABLE.sub(lambda found: escape_character(found[0]), text)


def escape_character(character: str) -> str:
    r"""Write one character as ``<hh>``, a byte, or as ``<u+hhhh>``, in ASCII.

    Example:
        >>> escape_character("\udce9"), escape_character("="), escape_character("é")
        ('<e9>', '<3d>', '<u+00e9>')
    """
    code = ord(character)
    if _UNDECODED + 0x80 <= code <= _UNDECODED + 0xFF:
        return f"<{code - _UNDECODED:02x}>"
    return f"<{code:02x}>" if code < 0x80 else f"<u+{code:04x}>"


def escape_formulas(text: str) -> str:
    """Escape the first character of a text that a spreadsheet would run as a formula.

    Spreadsheets of many countries split lines at semicolons, so the character after one is escaped too.

    Example:
        >>> escape_formulas("=cmd()|calc.jpg"), escape_formulas("a-b.jpg"), escape_formulas("-")
        ('<3d>cmd()|calc.jpg', 'a-b.jpg', '-')
    """
    return _FORMULA.sub(lambda found: found[1] + escape_character(found[2]), text)


def original_name(text: str) -> str:
    r"""Read back the file name from what ``printable`` and ``escape_formulas`` made of it.

    Example:
        >>> original_name("caf<e9>.jpg"), original_name("<3d>a.jpg")
        ('caf\udce9.jpg', '=a.jpg')
    """
    return _ESCAPED.sub(lambda found: _character(found[1]), text)


def _character(escaped: str) -> str:
    code = int(escaped.removeprefix("u+"), 16)
    return chr(code + _UNDECODED if escaped[0] != "u" and code >= 0x80 else code)
