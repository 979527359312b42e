"""Answer the frames of one stream with tracked and fused faces.

In: frames of a stream, in order. Out: the values of each answer. Does not know about WebSockets.
"""

import asyncio
from typing import Any

from ekspresi.pipeline.track_state import TrackState
from ekspresi.recognition.priors import restricted_log_prior
from ekspresi.service.analysis import Analysis
from ekspresi.service.bodies import Upload
from ekspresi.service.choices import Choices
from ekspresi.service.problems import RequestError
from ekspresi.service.stream_session import StreamedFrame
from ekspresi.service.wire import face_values
from ekspresi.types import Frame

SOURCE = "stream"
"""Source of the rows of a stream."""


class StreamAnswers:
    """Find, recognize, track and fuse the faces of a stream, as ``pipeline.stream`` does for a camera.

    Example:
        >>> from pathlib import Path
        >>> from ekspresi.recognition.recognizer import Recognizer
        >>> from ekspresi.detection.whole_image import WholeImage
        >>> from ekspresi.service.settings import ServiceSettings
        >>> analysis = Analysis(ServiceSettings(), Recognizer(device="cpu"), WholeImage())
        >>> answers = StreamAnswers(analysis, Choices(min_face_px=12, prior="trained"))
        >>> content = Path("examples/astronaut.jpg").read_bytes()
        >>> values = asyncio.run(answers.answer(StreamedFrame(0, 0.0, False, content)))
        >>> [(face["source"], face["track"]) for face in values["faces"]]
        [('stream', 1)]
        >>> analysis.close()
    """

    def __init__(self, analysis: Analysis, choices: Choices) -> None:
        """Begin without tracks.

        Args:
            analysis: of the service.
            choices: of the stream.

        Raises:
            RequestError: a choice is not valid.
        """
        self._analysis, self._choices = analysis, choices
        allowed = analysis.check_choices(choices)
        recognizer = analysis.recognizer
        calibration = recognizer.metadata.calibration
        log_prior = restricted_log_prior(choices.prior, recognizer.labels, calibration, allowed)
        self._tracks = TrackState(calibration, log_prior)

    async def answer(self, frame: StreamedFrame) -> dict[str, Any]:
        """Return the faces of the next frame.

        Raises:
            RequestError: the picture cannot be read or exceeds a limit, the queues are full, or it takes too long.
        """
        analysis, seconds = self._analysis, self._analysis.settings.timeout_s
        try:
            async with asyncio.timeout(seconds):
                upload = Upload(SOURCE, frame.content)
                image, found = await analysis.find_in_frame(upload, self._choices.min_face_px)
                faces = await analysis.recognize(found, self._choices)
        except TimeoutError:
            detail = f"the frame: was not answered within {seconds:g} s. Send fewer, or smaller ones."
            raise RequestError("timed-out", detail) from None
        # Not within the time limit: tracks would change although the frame has no answer.
        read = Frame(SOURCE, frame.number, frame.time_s, image, frame.cut)
        result = await asyncio.to_thread(self._tracks.update, read, faces)
        return {"faces": [face_values(row, analysis.recognizer.labels) for row in result.rows]}
