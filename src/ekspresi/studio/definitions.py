"""Make the page's files that depend on the package: its definitions, and the list of files for use without a network.

In: the files of the page. Out: two JavaScript files. The page then has the package's own colors, names and columns, and
no copy of them. Does not know about servers.
"""

import base64
import hashlib
import json
from collections.abc import Mapping

from ekspresi.expressions import INDONESIAN
from ekspresi.tables.schema import COLUMNS
from ekspresi.types import UNSURE
from ekspresi.visualization.explanation_sheet import DENSEST, FLAT, HUE, SCALES
from ekspresi.visualization.palette import COLORS, OTHER_COLOR

DEFINITIONS = "/js/definitions.js"
"""Address of the definitions."""

SERVICE_WORKER = "/service-worker.js"
"""Address of the service worker. Its source has ``PLACEHOLDER`` where the list of files belongs."""

PLACEHOLDER = b"{ /* files */ }"
"""Text in the source of the service worker that the list of files replaces."""


def make_definitions() -> bytes:
    """Write the module that gives the page the package's colors, names, columns and scales.

    Example:
        >>> b'export const UNSURE = "unsure";' in make_definitions()
        True

    Returns:
        JavaScript, UTF-8.
    """
    values = {
        "COLORS": COLORS,
        "OTHER_COLOR": OTHER_COLOR,
        "UNSURE": UNSURE,
        "INDONESIAN": INDONESIAN,
        "COLUMNS": COLUMNS,
        "EVIDENCE": {"hue": HUE, "densest": DENSEST, "flat": FLAT, "scales": SCALES},
    }
    lines = [f"export const {name} = {json.dumps(value, ensure_ascii=False)};" for name, value in values.items()]
    return "\n".join(("// ekspresi.studio.definitions writes this file.", *lines, "")).encode()


def list_offline_files(contents: Mapping[str, bytes], worker: bytes) -> bytes:
    """Fill the service worker with the addresses and digests of all files that the page may load.

    The worker changes whenever one of them does, so a browser notices each new version. It checks each file by its
    digest: a page never gets files of two versions.

    Example:
        >>> list_offline_files({"/a.js": b"a"}, b"const FILES = { /* files */ };")
        b'const FILES = {"a.js": "sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="};'

    Args:
        contents: address from the root -> content.
        worker: source of the service worker.

    Returns:
        JavaScript, UTF-8.
    """
    digests = {address.removeprefix("/"): _integrity(content) for address, content in sorted(contents.items())}
    return worker.replace(PLACEHOLDER, json.dumps(digests).encode())


def _integrity(content: bytes) -> str:
    """Write a digest as the integrity attribute of a request."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
