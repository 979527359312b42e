"""The picture of the layers: true to the contract, to the package and to the file in the docs."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import ekspresi
from draw_layers import CAPTIONS, COLORS, PICTURE, Room, draw, read_layers

PACKAGE = Path(ekspresi.__file__).parent


def test_picture_in_docs_is_up_to_date():
    assert PICTURE.read_text(encoding="utf-8") == draw(read_layers()), "Run python tools/draw_layers.py."


def test_read_layers_names_every_room_of_package():
    built = {room.name for layer in read_layers() for room in layer if not room.planned}
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert built == folders | {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}


def test_every_caption_belongs_to_a_room():
    assert set(CAPTIONS) == {room.name for layer in read_layers() for room in layer}


def test_read_layers_marks_rooms_in_brackets_as_planned(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[[tool.importlinter.contracts]]\ntype = "layers"\nlayers = ["cli | (service)", "types : errors"]\n'
    )
    assert read_layers(path) == [
        [Room("cli", False), Room("service", True)],
        [Room("types", False), Room("errors", False)],
    ]


def test_read_layers_without_contract_is_refused(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text('[[tool.importlinter.contracts]]\ntype = "forbidden"\n')
    with pytest.raises(ValueError, match="no contract of the type 'layers'"):
        read_layers(path)


def test_draw_shows_each_room_once_in_its_layer():
    texts = [each.text for each in ET.fromstring(draw(read_layers())).iter("{http://www.w3.org/2000/svg}text")]
    rooms = [room.name for layer in read_layers() for room in layer]
    assert [text for text in texts if text in rooms and text != "training"] == [r for r in rooms if r != "training"]


@pytest.mark.parametrize("color", COLORS)
def test_white_text_on_room_has_contrast(color):
    shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    luminance = sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 4.5
