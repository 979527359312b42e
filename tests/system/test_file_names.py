import os
import random
import sys

import pytest

from ekspresi.system.file_names import escape_character, escape_formulas, original_name, printable

NAMES = {
    "plain.jpg": "plain.jpg",
    "日本 ü 👩‍👩‍👧.jpg": "日本 ü 👩‍👩‍👧.jpg",
    "9.41.00\u202fAM.png": "9.41.00\u202fAM.png",  # as macOS names a screenshot
    "C:\\x86\\a.jpg": "C:\\x86\\a.jpg",
    "<b>.jpg": "<b>.jpg",
    "caf\udce9.jpg": "caf<e9>.jpg",
    "a\n\x1b[31m\x7f.jpg": "a<0a><1b>[31m<7f>.jpg",
    "\x85\u202egpj.exe": "<u+0085><u+202e>gpj.exe",
    "<e9>.jpg": "<3c>e9>.jpg",
    "<u+202e>": "<3c>u+202e>",
    "\ud83d.jpg": "<u+d83d>.jpg",  # half a pair, possible on Windows
}


@pytest.mark.parametrize("name", NAMES)
def test_printable_is_one_reversible_line_of_utf_8(name: str) -> None:
    shown = printable(name)
    assert shown == NAMES[name]
    assert shown.encode("utf-8") and len(shown.splitlines()) == 1
    assert original_name(shown) == name


def test_original_name_reads_back_random_names() -> None:
    drawn = random.Random(0)
    letters = ["<", ">", "3", "c", "e", "9", "u", "+", "=", "-", ";", " ", "\n", "\udcff", "\udc80", "\u202e", "é"]
    for _ in range(5000):
        name = "".join(drawn.choices(letters, k=drawn.randrange(1, 9)))
        assert original_name(escape_formulas(printable(name))) == name


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_original_name_gives_the_bytes_of_the_file() -> None:
    every_byte = bytes(set(range(1, 256)) - {ord("/")})
    assert os.fsencode(original_name(printable(os.fsdecode(every_byte)))) == every_byte


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("=cmd()|calc.jpg", "<3d>cmd()|calc.jpg"),
        ("+1.jpg", "<2b>1.jpg"),
        ("-1.jpg", "<2d>1.jpg"),
        ("@SUM.jpg", "<40>SUM.jpg"),
        ("＝1.jpg", "<u+ff1d>1.jpg"),
        ("  =1.jpg", "  <3d>1.jpg"),
        ("a;=1.jpg", "a;<3d>1.jpg"),
        ("in/=1.jpg", "in/=1.jpg"),
        ("-", "-"),
    ],
)
def test_escape_formulas_leaves_no_formula(text: str, escaped: str) -> None:
    assert escape_formulas(text) == escaped
    assert original_name(escaped) == text


def test_escape_character_is_ascii() -> None:
    assert all(escape_character(chr(code)).isascii() for code in (9, 0xE9, 0x202F, 0x1F600, 0xDCFF))
