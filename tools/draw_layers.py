"""Draw the layers of the package, from its import contract, as one SVG picture.

In: pyproject.toml. Out: ``docs/pictures/layers.svg``. The contract gives the layers and their rooms; the captions are
here. Does not know what the rooms import: import-linter checks that.

    python tools/draw_layers.py
"""

import re
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "layers.svg"

CAPTIONS = {
    "cli": "commands and flags",
    "service": "HTTP and WebSocket",
    "cluster": "planned",
    "workflows": "a user's request, from inputs to files",
    "studio": "the page that answers in a browser",
    "study": "many trainings, compared",
    "training": "one training, the only torch",
    "evaluation": "a model on labelled faces",
    "summaries": "a run on one page",
    "datasets": "labelled faces, splits",
    "metrics": "scores and tests",
    "visualization": "all that is drawn",
    "tables": "rows that survive a kill",
    "pipeline": "images or frames → faces with predictions",
    "portable": "a recognizer as one ONNX graph",
    "media": "files, videos, cameras",
    "detection": "images → faces",
    "recognition": "crops → predictions",
    "tracking": "faces → tracks",
    "imaging": "pixels and boxes",
    "system": "files, locks, downloads, sessions",
    "types": "Frame, Face, Prediction, Row",
    "expressions": "the vocabulary",
    "errors": "each with its fix",
}
"""Room -> what it holds or does."""

ROLES = (
    ("command line", "parses, calls, shows"),
    ("services", "others call them"),
    ("use cases", "and the page"),
    ("comparison", ""),
    ("training", ""),
    ("measurement", ""),
    ("data and output", ""),
    ("analysis", ""),
    ("stages", "one step each"),
    ("foundations", "pixels, machine"),
    ("words", "import no room"),
)
"""Name of each layer, from the top down, and a note on it."""

COLORS = (
    "#a8476b",
    "#ba4c47",
    "#b05732",
    "#a06328",
    "#856e25",
    "#5f792f",
    "#377e50",
    "#1f7d71",
    "#247a93",
    "#3d6ea6",
    "#5661a6",
)
"""Fill of each layer's rooms, from the top down. White text on each has a contrast of 4.5 or more."""

WIDTH, MARGIN, NAMES_PX, ARROW_PX = 920, 28, 150, 56
ROOM_PX, GAP_PX, HEAD_PX, LINE_PX = 54, 12, 66, 30
_TORCH = "training"

_STYLE = """
  .paper { fill: #fbfaf7; stroke: #e3e0d8 }
  .title { font-size: 19px; font-weight: 650; fill: #23262e }
  .note { font-size: 12px; fill: #666a73 }
  .role { font-size: 13.5px; font-weight: 600; fill: #23262e }
  .room { font-size: 15px; font-weight: 600; fill: #fff }
  .caption { font-size: 11.5px; fill: #fff }
  .planned { fill: none; stroke: #8b8f99; stroke-dasharray: 4 4 }
  .planned-text { font-size: 14px; fill: #666a73 }
  .line { stroke: #8b8f99; fill: none }
  .head { fill: #8b8f99 }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #1b1d23; stroke: #33363f }
    .title, .role { fill: #eceae4 }
    .note, .planned-text { fill: #a3a7b0 }
  }
"""


@dataclass(frozen=True)
class Room:
    """A package or module of a layer; ``planned`` if the contract has it in brackets."""

    name: str
    planned: bool


def read_layers(path: Path = ROOT / "pyproject.toml") -> list[list[Room]]:
    """Read the rooms of each layer, from the top down.

    Raises:
        ValueError: no contract is of the type 'layers'.
    """
    contracts = tomllib.loads(path.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next((each["layers"] for each in contracts if each["type"] == "layers"), None)
    if layers is None:
        raise ValueError(f"{path}: no contract of the type 'layers'. Restore it.")
    return [[Room(word.strip("() "), "(" in word) for word in re.split(r"[|:]", layer)] for layer in layers]


def draw(layers: list[list[Room]]) -> str:
    """Draw the layers as an SVG document."""
    height = HEAD_PX + len(layers) * (ROOM_PX + GAP_PX) + LINE_PX + MARGIN - GAP_PX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title">',
        '<title id="title">The eleven layers of ekspresi; each imports only from the layers below it</title>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="14"/>',
        f'<text class="title" x="{MARGIN}" y="38">The eleven layers of ekspresi</text>',
        f'<text class="note" x="{WIDTH - MARGIN}" y="38" text-anchor="end">'
        "Each room imports only from the layers below it</text>",
    ]
    y = HEAD_PX
    for layer, (role, note), color in zip(layers, ROLES, COLORS, strict=True):
        parts += _role(role, note, y)
        parts += _rooms(layer, color, y)
        y += ROOM_PX + GAP_PX
        if any(room.name == _TORCH for room in layer):
            parts += _torch_line(y)
            y += LINE_PX
    return "\n".join([*parts, *_arrow(HEAD_PX, y - GAP_PX), "</svg>", ""])


def _role(role: str, note: str, y: int) -> list[str]:
    middle = y + ROOM_PX / 2
    if not note:
        return [f'<text class="role" x="{MARGIN}" y="{middle + 5:g}">{role}</text>']
    return [
        f'<text class="role" x="{MARGIN}" y="{middle - 3:g}">{role}</text>',
        f'<text class="note" x="{MARGIN}" y="{middle + 14:g}">{note}</text>',
    ]


def _rooms(layer: list[Room], color: str, y: int) -> list[str]:
    left, right = MARGIN + NAMES_PX, WIDTH - MARGIN - ARROW_PX
    width = (right - left - GAP_PX * (len(layer) - 1)) / len(layer)
    parts = []
    for number, room in enumerate(layer):
        x = left + number * (width + GAP_PX)
        frame = f'x="{x:g}" y="{y}" width="{width:g}" height="{ROOM_PX}" rx="9"'
        center = f'x="{x + width / 2:g}" text-anchor="middle"'
        caption = escape(CAPTIONS[room.name])
        if room.planned:
            parts += [
                f'<rect class="planned" {frame}/>',
                f'<text class="planned-text" {center} y="{y + 24}">{room.name}</text>',
                f'<text class="note" {center} y="{y + 42}">{caption}</text>',
            ]
        else:
            parts += [
                f'<rect fill="{color}" {frame}/>',
                f'<text class="room" {center} y="{y + 24}">{room.name}</text>',
                f'<text class="caption" {center} y="{y + 42}">{caption}</text>',
            ]
    return parts


def _torch_line(y: int) -> list[str]:
    middle, left, right = y + LINE_PX / 2 - GAP_PX / 2, MARGIN + NAMES_PX, WIDTH - MARGIN - ARROW_PX
    return [
        f'<path class="line" stroke-dasharray="2 5" stroke-linecap="round" d="M{left} {middle:g}H{right}"/>',
        f'<text class="note" x="{MARGIN}" y="{middle + 4:g}">no torch from here on</text>',
    ]


def _arrow(top: int, bottom: int) -> list[str]:
    x, middle = WIDTH - MARGIN - 20, (top + bottom) / 2
    return [
        f'<path class="line" stroke-width="1.5" d="M{x} {top + 4}V{bottom - 12}"/>',
        f'<path class="head" d="M{x - 6} {bottom - 14}h12l-6 13z"/>',
        f'<text class="note" text-anchor="middle" transform="translate({x + 17} {middle:g}) rotate(90)">imports</text>',
    ]


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(read_layers()), encoding="utf-8")
    print(f"written: {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
