"""Locate the files that the package ships.

In: nothing. Out: the path of a folder. Knows nothing of what is in it.
"""

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
"""Folder of the files that are shipped with the package."""
