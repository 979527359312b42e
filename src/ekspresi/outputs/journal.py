"""How far a run has come, remembered beside what it makes.

In: places, the settings of the run. Out: one small JSON file, replaced whole; what it says when a run goes on. Knows
nothing of rows, and nothing of how sources are read.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError, OutputError
from ekspresi.outputs.files import replacing, told

FORMAT = 1
"""Number of the layout of the file."""

Setting = str | int | float | bool | None | list[str] | tuple[str, ...]
"""What may be remembered of a setting."""

_SHOWN_LETTERS = 40
"""Settings whose JSON is longer are kept as a digest, and only named where they differ: a list of 10,000 files must
not be written every second."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come.

    Attributes:
        source: as in ``Row.source``.
        number: position of it in the list of sources, from 0.
        frame: number of the last frame of it that is done; -1 for none.
        finished: nothing is left of this source.
        next_track: the first track number that is not used in it yet.
        time_s: of that frame, seconds since the start of its video; None where it has none.
    """

    source: str
    number: int
    frame: int
    finished: bool
    next_track: int = 1
    time_s: float | None = None

    def __post_init__(self) -> None:
        words = isinstance(self.source, str) and isinstance(self.finished, bool)
        numbers = ((self.number, 0), (self.frame, -1), (self.next_track, 1))
        timed = self.time_s is None or (isinstance(self.time_s, int | float) and 0 <= self.time_s < math.inf)
        if not words or not timed or not all(type(value) is int and value >= least for value, least in numbers):
            raise ValueError(f"no place in a run: {self}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a journal says.

    Attributes:
        place: how far the run has come; None for the start.
        size: bytes of the table at that place; 0 without one.
        digest: of these bytes, hexadecimal.
    """

    place: Place | None
    size: int
    digest: str


class Journal:
    """The journal of one result.

    Attributes:
        path: where it stands.
    """

    def __init__(self, path: Path, shown: Path, settings: Mapping[str, Setting]) -> None:
        """Name the file; nothing is read or written yet.

        Args:
            path: where it stands or will stand.
            shown: what errors call the result it belongs to.
            settings: all that decides what is in the result; names as the user knows them.
        """
        self.path = path
        self._shown = shown
        self._settings = {name: _fingerprint(value) for name, value in settings.items()}

    def read(self) -> Entry | None:
        """What the last run left; None where there is no journal.

        Raises:
            ConfigError: it was begun with other settings (named), is damaged, or of another version.
            OutputError: it cannot be read.
        """
        try:
            with told(self.path, self.path.parent):
                text = self.path.read_bytes()
        except OutputError as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                return None
            raise
        try:
            content: dict[str, Any] = json.loads(text)
            if content["format"] != FORMAT:
                raise ConfigError(f"{self.path}: another version of ekspresi wrote it; go on with that, or begin anew")
            place = None if content["place"] is None else Place(**content["place"])
            entry, settings = Entry(place, content["bytes"], content["digest"]), content["settings"]
            if type(entry.size) is not int or entry.size < 0 or not isinstance(entry.digest, str):
                raise TypeError("bytes, digest")
            if not all(isinstance(value, str) for value in settings.values()):
                raise TypeError("settings")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            remedy = f"remove it and begin {self._shown} anew, without --resume"
            raise ConfigError(f"{self.path}: the journal is damaged; {remedy}") from error
        self._compare(settings)
        return entry

    def write(self, entry: Entry) -> None:
        """Replace what the journal says.

        Raises:
            OutputError: it cannot be written.
        """
        content = {
            "format": FORMAT,
            "place": None if entry.place is None else asdict(entry.place),
            "bytes": entry.size,
            "digest": entry.digest,
            "settings": self._settings,
        }
        with replacing(self.path, alone=True) as part:
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")

    def remove(self) -> None:
        """Forget the run: it is complete.

        Raises:
            OutputError: it cannot be removed.
        """
        with told(self.path, self.path.parent):
            self.path.unlink(missing_ok=True)

    def _compare(self, before: dict[str, str]) -> None:
        now = self._settings
        names = [name for name in (*now, *(before.keys() - now.keys())) if before.get(name) != now.get(name)]
        if names:
            differing = ", ".join(f"{name}{_change(before.get(name), now.get(name))}" for name in names)
            remedy = "give the same, or begin anew without --resume"
            raise ConfigError(f"{self._shown}: was begun with other settings: {differing}; {remedy}")


def _fingerprint(value: Setting) -> str:
    text = json.dumps(value)
    return (
        text if len(text) <= _SHOWN_LETTERS else f"blake2b {hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
    )


def _change(before: str | None, now: str | None) -> str:
    if any(text is not None and text.startswith("blake2b ") for text in (before, now)):
        return ""
    return f" ({before or 'not given'}, now {now or 'not given'})"
