"""Write annotated pictures and videos of a run.

In: ``FrameResult`` values, in order. Out: a picture for each still and each page of a TIFF file, and a video for each
video and animation, in a folder. Does not know how they are drawn or encoded.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ekspresi.errors import MissingExtraError, OutputError
from ekspresi.media.image_writer import save_picture
from ekspresi.media.standard_input import STDIN
from ekspresi.media.video_writer import FILM_SUFFIX, VideoWriter, promote_partial
from ekspresi.system.storage import ensure_folder, os_errors_as_output_error
from ekspresi.tables.checkpoint import Position
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.types import Frame, FrameResult
from ekspresi.visualization.video_annotator import VideoAnnotator
from ekspresi.workflows.output_paths import UniquePaths, annotated_paths
from ekspresi.workflows.source_reader import SourceReader

_FILE_ENDINGS = (FILM_SUFFIX, ".jpg", ".jpeg", ".png", ".avi", ".mov")
"""Endings that show a file name where a folder is expected."""


class AnnotationWriter:
    """Draw and write one frame after another; a failed picture or video does not affect the others.

    Attributes:
        written: number of pictures and videos that were written whole.

    Example:
        >>> import numpy as np
        >>> from tempfile import TemporaryDirectory
        >>> from ekspresi.types import Frame
        >>> reader = SourceReader([Path("in/a.png")], None, None, frozenset(), print)
        >>> with TemporaryDirectory() as folder:
        ...     writer = AnnotationWriter(reader, Path(folder), print)
        ...     writer.add(FrameResult(Frame("in/a.png", 0, None, np.zeros((8, 8, 3), np.uint8)), (), ()), False).name
        'a.png'
    """

    def __init__(
        self,
        reader: SourceReader,
        folder: Path,
        on_error: Callable[[OutputError], None],
        *,
        anonymize: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Choose a target for each source.

        Args:
            reader: the sources.
            folder: the folder to write; it is made if it is missing.
            on_error: receives the error of a picture or video that cannot be written, once for each.
            anonymize: make faces unrecognizable.
            overwrite: replace also files that ekspresi did not write.

        Raises:
            OutputError: the folder cannot be made, or has the name of a file.
        """
        if folder.suffix.lower() in _FILE_ENDINGS and not folder.is_dir():
            raise OutputError(
                f"{folder}: looks like a file name. Give --annotate a folder; each source gets a file in it."
            )
        ensure_folder(folder)
        files = [path for path in reader.paths if path != STDIN]
        self._names = UniquePaths(files)
        if reader.camera is None:
            targets = annotated_paths(files, folder, self._names)
            self._targets = {str(path): target for path, target in targets.items()}
            if len(files) < len(reader.paths):
                self._targets[str(STDIN)] = self._names.free(folder / "stdin.png")
        else:
            self._targets = {name: folder / f"{_file_name(name)}{FILM_SUFFIX}" for name in reader.names}
        self._is_live = reader.camera is not None
        self._annotator = VideoAnnotator(anonymize=anonymize)
        self._on_error, self._overwrite = on_error, overwrite
        self.written = 0
        self._video: VideoWriter | None = None
        self._video_source: str | None = None

    def check(self, remaining: Sequence[Position]) -> None:
        """Check before the run that no target replaces a file that must be kept.

        A folder with the name of a picture affects that picture only; ``add`` reports it.

        Args:
            remaining: start positions of the run. One inside a video starts another video file.

        Raises:
            OutputError: a target would replace such a file.
        """
        for target in (self._targets[position.source] for position in remaining if position.frame < 0):
            if target.is_file():
                self._check(target)

    def _check(self, target: Path) -> None:
        check_replaceable(target, overwrite=self._overwrite, choice="--annotate")

    def add(self, result: FrameResult, resumed: bool) -> Path | None:
        """Draw a frame and write it; return the picture or film that shows it, None where it could not be written.

        Args:
            result: the frame with its faces.
            resumed: an earlier run wrote its video up to here; the rest goes to a video file of its own.
        """
        frame = result.frame
        if frame.source != self._video_source:
            self.close()
        try:
            if frame.time_s is None:
                target = self._picture_target(frame)
                self._check(target)
                save_picture(self._annotator.annotate(result), target)
                self.written += 1
                return target
            if frame.source != self._video_source:
                self._video_source = frame.source
                self._video = self._open_video(self._targets[frame.source], frame.source, resumed)
            if self._video is not None:
                self._video.add(self._annotator.annotate(result), frame.time_s)
                return self._video.path
        except OutputError as error:
            self._video = None  # the rest of its source is not written; the part so far stays
            self._on_error(error)
        return None

    def _picture_target(self, frame: Frame) -> Path:
        """Choose the file of a still: each page after the first has its number in the name."""
        target = self._targets[frame.source]
        if target.suffix == FILM_SUFFIX:  # a picture behind an address, or with the suffix of a video
            target = self._renamed(target, frame.source, ".png")
        if frame.number == 0:
            return target
        return self._names.free(target.with_name(f"{target.stem}-frame{frame.number}{target.suffix}"))

    def _renamed(self, target: Path, source: str, suffix: str) -> Path:
        """Choose a target for a source that is not what its suffix promised."""
        name = target.stem if self._is_live else Path(source).name
        return self._names.free(target.with_name(f"{name}{suffix}"))

    def _open_video(self, target: Path, source: str, resumed: bool) -> VideoWriter:
        if target.suffix.lower() != FILM_SUFFIX:  # an animation, or a video without the suffix of one
            target = self._renamed(target, source, FILM_SUFFIX)
        ensure_folder(target.parent)
        if resumed:
            with os_errors_as_output_error(target, target.parent):
                promote_partial(target)
            target = self._names.free(target, fresh=True)
        self._check(target)
        try:
            return VideoWriter(target)
        except MissingExtraError as error:  # the source is an animation, which needs no extra to be read
            raise OutputError(f"{target}: {MissingExtraError('a film', 'video')}") from error

    def close(self, *, whole: bool = True) -> None:
        """Close the open video; unless it is ``whole``, it does not replace an older one."""
        video, self._video, self._video_source = self._video, None, None
        if video is not None:
            try:
                video.close(whole=whole)
                self.written += video.written
            except OutputError as error:
                self._on_error(error)


def _file_name(camera: str) -> str:
    """Make a file name of 'camera:0' or of an address without its password."""
    return re.sub(r"[^\w.]+", "-", camera).strip("-.")[:80] or "camera"
