"""Close a folder to everybody, also to the superuser, who may read every folder."""

import os
from pathlib import Path

import pytest


def close(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let listing this folder fail as without a permission."""
    scan = os.scandir

    def scandir(path: str | os.PathLike[str] = "."):
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
