"""How far a run has come, remembered beside what it makes.

In: places, the sources and settings of the run. Out: one small JSON file, replaced whole, that stays when the run is
complete; what it says when a run goes on. Knows nothing of rows, and nothing of how sources are read.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError, OutputError
from ekspresi.system.storage import atomic_write, os_errors_as_output_error

FORMAT = 2
"""Number of the layout of the file."""

Setting = str | int | float | bool | None | list[str] | tuple[str, ...]
"""What may be remembered of a setting."""

_SHOWN_LETTERS = 40
"""Settings whose JSON is longer are kept as a digest, and only named where they differ: a list of 10,000 files must
not be written every second."""


@dataclass(frozen=True, slots=True)
class Position:
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
class CheckpointState:
    """What a journal says.

    Attributes:
        position: how far the run has come; None for the start.
        size: bytes of the table at that place; 0 without one.
        digest: of these bytes, hexadecimal.
        reached: how many sources, from the first, were come to. Of these nothing is left but of the one in ``position``
            and of those that failed.
        failed: places to go on at in sources that could not be read; of most of them the beginning.
        complete: the run came to its end.
    """

    position: Position | None = None
    size: int = 0
    digest: str = ""
    reached: int = 0
    failed: tuple[Position, ...] = ()
    complete: bool = False

    def remaining(self, sources: Sequence[str]) -> list[Position]:
        """The sources of the run -> places to go on at in those that are not done, in the order of reading."""
        if self.complete:
            return list(self.failed)
        halfway = [] if self.position is None or self.position.finished else [self.position]
        return [*halfway, *self.failed, *start_positions(sources)[self.reached :]]


def start_positions(sources: Sequence[str]) -> list[Position]:
    """Sources -> the place before the first frame of each."""
    return [Position(source, number, -1, False) for number, source in enumerate(sources)]


class Checkpoint:
    """The journal of one result.

    Attributes:
        path: where it stands.
        sources: of the run.
    """

    def __init__(self, path: Path, shown: Path, sources: Sequence[str], settings: Mapping[str, Setting]) -> None:
        """Name the file; nothing is read or written yet.

        Args:
            path: where it stands or will stand.
            shown: what errors call the result it belongs to.
            sources: of the run, in the order of their numbers.
            settings: all else that decides what is in the result; names as the user knows them.
        """
        self.path = path
        self.sources = sources
        self._shown = shown
        self._settings = {name: _fingerprint(value) for name, value in settings.items()}
        self._settings["sources"] = _fingerprint(list(sources))

    def read(self) -> CheckpointState | None:
        """What the last run left; None where there is no journal.

        Raises:
            ConfigError: it is of other sources or settings (named), is damaged, or of another version.
            OutputError: it cannot be read.
        """
        entry, differing = self.found()
        if differing:
            what = f"was begun with other settings: {', '.join(differing)}"
            raise ConfigError(f"{self._shown}: {what}. Give the same, or use --overwrite instead of --resume.")
        return entry

    def found(self) -> tuple[CheckpointState | None, list[str]]:
        """What the last run left, whichever it was, and in words the settings in which it differs from this one.

        Raises:
            ConfigError: it is damaged, or of another version.
            OutputError: it cannot be read.
        """
        try:
            with os_errors_as_output_error(self.path, self.path.parent):
                text = self.path.read_bytes()
        except OutputError as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                return None, []
            raise
        try:
            content: dict[str, Any] = json.loads(text)
            if content["format"] != FORMAT:
                what = "another version of ekspresi wrote it"
                raise ConfigError(f"{self.path}: {what}. Use that one, or --overwrite instead of --resume.")
            entry, settings = _entry(content), _renamed(content["settings"])
            if not all(isinstance(value, str) for value in settings.values()):
                raise TypeError("settings")
            differing = self._differing(settings)
            if not differing and any(place.source != self.sources[place.number] for place in entry.remaining(())):
                raise ValueError("places")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            remedy = f"Use --overwrite instead of --resume to begin {self._shown} again."
            raise ConfigError(f"{self.path}: the journal is damaged. {remedy}") from error
        return entry, differing

    def write(self, state: CheckpointState) -> None:
        """Replace what the journal says.

        Raises:
            OutputError: it cannot be written.
        """
        content = {
            "format": FORMAT,
            "place": None if state.position is None else asdict(state.position),
            "bytes": state.size,
            "digest": state.digest,
            "reached": state.reached,
            "failed": [asdict(place) for place in state.failed],
            "complete": state.complete,
            "settings": self._settings,
        }
        with atomic_write(self.path, alone=True) as part:
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A block that writes; where it fails, the journal says again what it said before."""
        with os_errors_as_output_error(self.path, self.path.parent):
            before = self.path.read_bytes() if self.path.is_file() else None
        try:
            yield
        except BaseException:
            with suppress(OutputError, OSError):  # the first error is the one to tell
                if before is None:
                    self.path.unlink(missing_ok=True)
                elif self.path.read_bytes() != before:
                    with atomic_write(self.path, alone=True) as part:
                        part.write_bytes(before)
            raise

    def _differing(self, before: dict[str, str]) -> list[str]:
        now = self._settings
        names = [name for name in (*now, *(before.keys() - now.keys())) if before.get(name) != now.get(name)]
        return [f"{name}{_change(before.get(name), now.get(name))}" for name in names]


def _renamed(settings: dict[str, str]) -> dict[str, str]:
    """Settings that older versions wrote -> the same by their names of today."""
    older = settings.pop("even-prior", None)
    if older is not None:
        settings["prior"] = json.dumps("uniform" if older == "true" else "trained")
    return settings


def _entry(content: dict[str, Any]) -> CheckpointState:
    entry = CheckpointState(
        None if content["place"] is None else Position(**content["place"]),
        content["bytes"],
        content["digest"],
        content["reached"],
        tuple(Position(**place) for place in content["failed"]),
        content["complete"],
    )
    numbers = all(type(number) is int and number >= 0 for number in (entry.size, entry.reached))
    if not numbers or not isinstance(entry.digest, str) or not isinstance(entry.complete, bool):
        raise TypeError("bytes, digest, reached, complete")
    return entry


def _fingerprint(value: Setting) -> str:
    text = json.dumps(value)
    return (
        text if len(text) <= _SHOWN_LETTERS else f"blake2b {hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
    )


def _change(before: str | None, now: str | None) -> str:
    if any(text is not None and text.startswith("blake2b ") for text in (before, now)):
        return ""
    return f" ({before or 'not given'}, now {now or 'not given'})"
