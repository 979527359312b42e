import asyncio
import time
from typing import Any

import numpy as np
import pytest

from ekspresi.service.choices import Choices
from ekspresi.service.problems import RequestError
from ekspresi.service.stream_answers import StreamAnswers
from ekspresi.service.stream_session import StreamedFrame
from tests.support.service_calls import LABELS, marker_picture

ALL = Choices(min_face_px=12, prior="trained")


def frames(*labels: int) -> list[StreamedFrame]:
    return [StreamedFrame(n, n / 10, False, marker_picture(k)) for n, k in enumerate(labels)]


def answers_of(answers: StreamAnswers, read: list[StreamedFrame]) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [await answers.answer(frame) for frame in read]

    return asyncio.run(run())


def test_answer_combines_the_frames_of_a_track(make_app: Any) -> None:
    answers = answers_of(StreamAnswers(make_app().state.service.analysis, ALL), frames(3, 3, 3, 3))
    rows = [answer["faces"][0] for answer in answers]
    assert [(row["track"], row["frame"], row["time_s"]) for row in rows] == [(1, n, n / 10) for n in range(4)]
    assert rows[-1]["most_likely"] == LABELS[3]
    assert rows[0]["p_" + LABELS[3]] != rows[-1]["p_" + LABELS[3]]


def test_answer_cut_starts_new_tracks(make_app: Any) -> None:
    first, second = frames(3, 3)
    second = StreamedFrame(second.number, second.time_s, True, second.content)
    answers = answers_of(StreamAnswers(make_app().state.service.analysis, ALL), [first, second])
    assert [answer["faces"][0]["track"] for answer in answers] == [1, 2]


def test_answer_streams_do_not_share_tracks(make_app: Any) -> None:
    analysis = make_app().state.service.analysis
    for _ in range(2):
        (answer,) = answers_of(StreamAnswers(analysis, ALL), frames(1))
        assert answer["faces"][0]["track"] == 1


def test_answer_slow_detector_times_out(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = make_app(timeout_s=0.05).state.service.analysis

    def slow(image: np.ndarray) -> list[Any]:
        time.sleep(0.3)
        return []

    monkeypatch.setattr(type(analysis.detector), "detect", lambda self, image: slow(image))
    with pytest.raises(
        RequestError, match=r"was not answered within 0\.05 s\. Send fewer, or smaller ones\."
    ) as caught:
        answers_of(StreamAnswers(analysis, ALL), frames(1))
    assert caught.value.status == 503


def test_answers_of_unknown_labels_are_refused(make_app: Any) -> None:
    with pytest.raises(RequestError, match="the model has no label 'joy'"):
        StreamAnswers(make_app().state.service.analysis, Choices(12, "trained", ("joy", "fear")))
