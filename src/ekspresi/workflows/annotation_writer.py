"""What was seen -> annotated pictures and films.

In: ``FrameResult`` values, in order. Out: a picture for each still, a film for each video, in a folder. Knows nothing
of how they are drawn or encoded.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ekspresi.errors import OutputError
from ekspresi.media.image_writer import save_picture
from ekspresi.media.video_writer import FILM_SUFFIX, VideoWriter, take_up
from ekspresi.system.storage import ensure_folder, os_errors_as_output_error
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.types import FrameResult
from ekspresi.visualization.video_annotator import VideoAnnotator
from ekspresi.workflows.output_paths import UniquePaths, annotated_paths
from ekspresi.workflows.source_reader import SourceReader


class AnnotationWriter:
    """Draws and writes one frame after another; a picture or film that cannot be written costs no other.

    Attributes:
        written: how many pictures and films were written whole.
    """

    def __init__(
        self,
        read: SourceReader,
        folder: Path,
        refused: Callable[[OutputError], None],
        *,
        anonymize: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Choose where each goes.

        Args:
            read: the sources.
            folder: is made where it is missing.
            anonymize: faces are hidden.
            overwrite: replace also what was not made by ekspresi.
            refused: is told of what cannot be written, once for each picture or film.

        Raises:
            OutputError: the folder cannot be made, or is called like a file.
        """
        if folder.suffix.lower() in (FILM_SUFFIX, ".jpg", ".jpeg", ".png", ".avi", ".mov") and not folder.is_dir():
            raise OutputError(f"{folder}: --annotate names a folder, in which each source gets a file; give it as such")
        ensure_folder(folder)
        self._names = UniquePaths(read.paths)
        if read.camera is None:
            targets = annotated_paths(read.paths, folder, self._names)
            self._targets = {str(path): target for path, target in targets.items()}
        else:
            self._targets = {name: folder / f"{_file_name(name)}{FILM_SUFFIX}" for name in read.names}
        self._annotator = VideoAnnotator(anonymize=anonymize)
        self._refused, self._overwrite = refused, overwrite
        self.written = 0
        self._film: VideoWriter | None = None
        self._filmed: str | None = None

    def check(self, left: Sequence[Position]) -> None:
        """Before the work: whether what shall be drawn would replace what must be kept.

        A folder that is in the way of a picture costs that one alone, and is told in its turn.

        Args:
            left: the places at which the run goes on. One in the middle of a video begins another film.

        Raises:
            OutputError: it would.
        """
        for target in (self._targets[place.source] for place in left if place.frame < 0):
            if target.is_file():
                self._check(target)

    def _check(self, target: Path) -> None:
        check_replaceable(target, overwrite=self._overwrite, choice="--annotate")

    def add(self, result: FrameResult, resumed: bool) -> None:
        """Draw a frame, and write it.

        Args:
            result: the frame and what was found in it.
            resumed: an earlier run has filmed its video up to here; what follows is a film of its own.
        """
        frame = result.frame
        if frame.source != self._filmed:
            self.close()
        try:
            if frame.time_s is None:
                self._check(self._targets[frame.source])
                save_picture(self._annotator.annotate(result), self._targets[frame.source])
                self.written += 1
                return
            if frame.source != self._filmed:
                self._filmed = frame.source
                target = self._targets[frame.source]
                if target.suffix.lower() != FILM_SUFFIX:  # a video that is not called so
                    target = self._names.free(target.with_suffix(FILM_SUFFIX))
                ensure_folder(target.parent)
                if resumed:
                    with os_errors_as_output_error(target, target.parent):
                        take_up(target)
                    target = self._names.free(target, fresh=True)
                self._check(target)
                self._film = VideoWriter(target)
            if self._film is not None:
                self._film.add(self._annotator.annotate(result), frame.time_s)
        except OutputError as error:
            self._film = None  # of its source nothing more is filmed; what was written stays
            self._refused(error)

    def close(self, *, whole: bool = True) -> None:
        """End the film that is open; one that is not whole replaces no older one."""
        film, self._film, self._filmed = self._film, None, None
        if film is not None:
            try:
                film.close(whole=whole)
                self.written += film.written
            except OutputError as error:
                self._refused(error)


def _file_name(camera: str) -> str:
    """'camera:0' or an address without its password -> a name for a file."""
    return re.sub(r"[^\w.]+", "-", camera).strip("-.")[:80] or "camera"
