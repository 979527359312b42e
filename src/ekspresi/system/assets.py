"""Locate the files that the package ships.

In: nothing. Out: the path of a folder. Does not know about its content.
"""

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
"""Folder of the files that the package ships."""
