"""Save the position of a run beside its results.

In: positions, the sources and settings of the run. Out: one small JSON file, replaced whole, that stays when the run is
complete; its content when a run resumes. Does not know about rows, nor about the reading of sources.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ekspresi.errors import ConfigError, OutputError
from ekspresi.system.storage import atomic_write, os_errors_as_output_error

FORMAT = 2
"""Version of the file's layout."""

Setting = str | int | float | bool | None | list[str] | tuple[str, ...]
"""Types that the value of a setting may have."""

_MAX_LETTERS = 40
"""Longer JSON of a setting is saved as a digest, so that no list of 10,000 files is written every second."""


@dataclass(frozen=True, slots=True)
class Position:
    """Name the point in a run from which it can resume.

    Attributes:
        source: as in ``Row.source``.
        number: index of the source in the list of sources, from 0.
        frame: number of its last finished frame; -1 for none.
        finished: all frames of this source are done.
        next_track: the first unused track number in this source.
        time_s: of that frame, seconds since the start of its video; None where it has no time.

    Raises:
        ValueError: a value of another type, or below its minimum.

    >>> Position("a.mp4", 0, 41, False, next_track=3).frame
    41
    """

    source: str
    number: int
    frame: int
    finished: bool
    next_track: int = 1
    time_s: float | None = None

    def __post_init__(self) -> None:
        words_valid = isinstance(self.source, str) and isinstance(self.finished, bool)
        numbers = ((self.number, 0), (self.frame, -1), (self.next_track, 1))
        numbers_valid = all(type(value) is int and value >= minimum for value, minimum in numbers)
        time_valid = self.time_s is None or (isinstance(self.time_s, int | float) and 0 <= self.time_s < math.inf)
        if not words_valid or not numbers_valid or not time_valid:
            raise ValueError(f"invalid position in a run: {self}")


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """Hold the content of a checkpoint.

    Attributes:
        position: the position of the run; None for the start.
        size: bytes of the table at that position; 0 without a table.
        digest: of these bytes, hexadecimal.
        reached: number of sources, from the first, that the run started. Only the source of ``position`` and the
            failed sources among them may still have unread frames.
        failed: positions from which to retry the sources that could not be read; mostly their beginning.
        complete: the run reached its end.
        notes: what the run found out and a resumed run uses again, ready for JSON.

    >>> [position.source for position in CheckpointState(reached=1).remaining(["a.mp4", "b.mp4"])]
    ['b.mp4']
    """

    position: Position | None = None
    size: int = 0
    digest: str = ""
    reached: int = 0
    failed: tuple[Position, ...] = ()
    complete: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def remaining(self, sources: Sequence[str]) -> list[Position]:
        """List the positions from which to continue the unfinished sources, in the order of reading."""
        if self.complete:
            return list(self.failed)
        interrupted = [] if self.position is None or self.position.finished else [self.position]
        return [*interrupted, *self.failed, *start_positions(sources)[self.reached :]]

    def unfinished(self, sources: Sequence[str]) -> list[str]:
        """List the sources of which frames remain, without the failed ones.

        >>> CheckpointState(reached=1).unfinished(["a.mp4", "b.mp4"])
        ['b.mp4']
        """
        return [position.source for position in replace(self, failed=()).remaining(sources)]


def start_positions(sources: Sequence[str]) -> list[Position]:
    """List the position before the first frame of each source.

    >>> start_positions(["a.mp4"])[0].frame
    -1
    """
    return [Position(source, number, -1, False) for number, source in enumerate(sources)]


class Checkpoint:
    """Read and write the checkpoint file of one result.

    Attributes:
        path: of the file.
        sources: of the run.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(Path(folder, ".x.csv.journal"), Path("x.csv"), ["a.mp4"], {"detector": "mtcnn"})
    ...     checkpoint.write(CheckpointState(Position("a.mp4", 0, 41, False), reached=1))
    ...     checkpoint.read().position.frame
    41
    """

    def __init__(self, path: Path, shown: Path, sources: Sequence[str], settings: Mapping[str, Setting]) -> None:
        """Name the file; read and write nothing yet.

        Args:
            path: of the checkpoint file, which need not exist.
            shown: the name of its result in errors.
            sources: of the run, in the order of their numbers.
            settings: all other choices that decide the content of the result, by the names the user knows.
        """
        self.path = path
        self.sources = sources
        self._shown = shown
        self._settings = {name: _fingerprint(value) for name, value in settings.items()}
        self._settings["sources"] = _fingerprint(list(sources))

    @classmethod
    def in_folder(cls, folder: Path, sources: Sequence[str], settings: Mapping[str, Setting]) -> "Checkpoint":
        """Name the checkpoint file of a folder of results, see ``Checkpoint``."""
        return cls(folder / ".ekspresi.journal", folder, sources, settings)

    def read(self) -> CheckpointState | None:
        """Read the state that the last run of the same sources and settings left; None without a checkpoint.

        Raises:
            ConfigError: it has other sources or settings (named), is damaged, or has another version.
            OutputError: it cannot be read.
        """
        state, differing = self.read_any()
        if is_of_other_version(differing):
            what = "another version of ekspresi wrote this table, with other columns"
            raise ConfigError(f"{self._shown}: {what}. Use that version, or --overwrite instead of --resume.")
        if differing:
            what = f"the interrupted run used other settings: {', '.join(differing)}"
            remedy = "Use the same settings, or --overwrite instead of --resume."
            raise ConfigError(f"{self._shown}: {what}. {remedy}")
        return state

    def resume_state(self, has_results: bool) -> CheckpointState:
        """Read the state from which a run resumes: the start where it has nothing to continue.

        Args:
            has_results: the result of the run exists.

        Raises:
            ConfigError, OutputError: see ``read``.
        """
        state = self.read()
        if state is None or (not has_results if state.complete else state.position is None):
            return CheckpointState()
        return state

    def read_any(self) -> tuple[CheckpointState | None, list[str]]:
        """Read the state that any last run left, and describe its settings that differ from this run's.

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
                what = "another version of ekspresi wrote this checkpoint"
                raise ConfigError(f"{self.path}: {what}. Use that version, or --overwrite instead of --resume.")
            state, settings = _parse_state(content), _rename_settings(content["settings"])
            if not all(isinstance(value, str) for value in settings.values()):
                raise TypeError("settings")
            differing = self._describe_differences(settings)
            unfinished = state.remaining(())
            if not differing and any(each.source != self.sources[each.number] for each in unfinished):
                raise ValueError("positions")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            remedy = f"Use --overwrite instead of --resume to start {self._shown} over."
            raise ConfigError(f"{self.path}: this checkpoint is damaged. {remedy}") from error
        return state, differing

    def write(self, state: CheckpointState) -> None:
        """Replace the content of the checkpoint file.

        Raises:
            OutputError: it cannot be written.
        """
        content = {
            "format": FORMAT,
            "place": None if state.position is None else asdict(state.position),
            "bytes": state.size,
            "digest": state.digest,
            "reached": state.reached,
            "failed": [asdict(position) for position in state.failed],
            "complete": state.complete,
            "notes": state.notes,
            "settings": self._settings,
        }
        with atomic_write(self.path, alone=True) as part:
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")

    @contextmanager
    def restored_on_error(self) -> Iterator[None]:
        """Restore the former content of the checkpoint file where the block fails."""
        with os_errors_as_output_error(self.path, self.path.parent):
            before = self.path.read_bytes() if self.path.is_file() else None
        try:
            yield
        except BaseException:
            with suppress(OutputError, OSError):  # the user needs the first error
                if before is None:
                    self.path.unlink(missing_ok=True)
                elif self.path.read_bytes() != before:
                    with atomic_write(self.path, alone=True) as part:
                        part.write_bytes(before)
            raise

    def _describe_differences(self, before: dict[str, str]) -> list[str]:
        now = self._settings
        names = [name for name in (*now, *(before.keys() - now.keys())) if before.get(name) != now.get(name)]
        return [f"{name}{_describe_change(before.get(name), now.get(name))}" for name in names]


def is_of_other_version(differing: Sequence[str]) -> bool:
    """Return whether a run wrote other columns than this version does with the same model.

    Args:
        differing: settings of the run that differ from the present ones, see ``Checkpoint.read_any``.

    >>> is_of_other_version(["columns"]), is_of_other_version(["model", "columns"])
    (True, False)
    """
    return "columns" in differing and "model" not in differing


def _rename_settings(settings: dict[str, str]) -> dict[str, str]:
    """Give settings that older versions wrote their present names."""
    if (older := settings.pop("even-prior", None)) is not None:
        settings["prior"] = json.dumps("uniform" if older == "true" else "trained")
    return settings


def _parse_state(content: dict[str, Any]) -> CheckpointState:
    state = CheckpointState(
        None if content["place"] is None else Position(**content["place"]),
        content["bytes"],
        content["digest"],
        content["reached"],
        tuple(Position(**fields) for fields in content["failed"]),
        content["complete"],
        content.get("notes", {}),  # older runs have none
    )
    numbers_valid = all(type(number) is int and number >= 0 for number in (state.size, state.reached))
    kinds_valid = isinstance(state.digest, str) and isinstance(state.complete, bool) and isinstance(state.notes, dict)
    if not numbers_valid or not kinds_valid:
        raise TypeError("bytes, digest, reached, complete, notes")
    return state


def _fingerprint(value: Setting) -> str:
    text = json.dumps(value)
    if len(text) <= _MAX_LETTERS:
        return text
    return f"blake2b {hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _describe_change(before: str | None, now: str | None) -> str:
    if any(text is not None and text.startswith("blake2b ") for text in (before, now)):
        return ""
    return f" ({before or 'not given'}, now {now or 'not given'})"
