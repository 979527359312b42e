"""Streams over real WebSockets."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ekspresi.detection.whole_image import WholeImage
from ekspresi.errors import ServiceError
from ekspresi.imaging.images import as_rgb
from ekspresi.pipeline.analyzer import Analyzer
from ekspresi.pipeline.stream import analyze_frames
from ekspresi.service.client import Client
from ekspresi.types import Frame
from tests.support.running_service import running
from tests.support.service_calls import LABELS, marker_picture


@pytest.fixture
def service(make_app: Any) -> Iterator[str]:
    with running(make_app(max_streams=2, max_bytes=100_000, stream_idle_s=20)) as address:
        yield address


def socket_of(address: str, query: str = "") -> str:
    return f"{address.replace('http', 'ws')}/v1/stream{query}"


def refusal(address: str, query: str = "", **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as caught:
        connect(socket_of(address, query), **options)
    response = caught.value.response
    return response.status_code, {**json.loads(response.body), "retry": response.headers.get("Retry-After")}


def test_stream_rows_are_those_of_analyze_frames(service: str, make_app: Any) -> None:
    frames = [marker_picture(k) for k in (3, 3, 3, 1, 1)]
    recognizer = make_app().state.service.analysis.recognizer
    read = (Frame("stream", number, number / 10, as_rgb(content)) for number, content in enumerate(frames))
    expected = [row for result in analyze_frames(read, Analyzer(recognizer, WholeImage())) for row in result.rows]
    with connect(socket_of(service)) as socket:
        found = []
        for number, content in enumerate(frames):
            socket.send(json.dumps({"time_s": number / 10}))
            socket.send(content)
            answer = json.loads(socket.recv(10))
            assert (answer["frame"], answer["time_s"], answer["dropped"]) == (number, number / 10, 0)
            found.extend(answer["faces"])
    assert [(row["track"], row["frame"], row["expression"]) for row in found] == [
        (row.track, row.frame, row.face.prediction.answer)  # type: ignore[union-attr]
        for row in expected
    ]
    for row, other in zip(found, expected, strict=True):
        assert other.face.prediction is not None
        for label, share in other.face.prediction.probabilities.items():
            assert row[f"p_{label}"] == pytest.approx(share, abs=2e-6)


def test_stream_labels_of_the_query_hold_in_fusion(service: str) -> None:
    rows = list(Client(service).stream([marker_picture(3)] * 4, labels=LABELS[:2]))
    assert len(rows) == 4
    for row in rows:
        assert row.face.prediction is not None
        assert {label for label, share in row.face.prediction.probabilities.items() if share > 0} <= set(LABELS[:2])


def test_stream_of_the_clients_takes_arrays_and_frames(service: str) -> None:
    image = as_rgb(marker_picture(2, side=64))
    rows = list(Client(service).stream([image, Frame("door", 8, 0.5, image)]))
    assert [(row.source, row.frame, row.track) for row in rows] == [("stream", 0, 1), ("door", 8, 1)]
    assert {row.face.prediction.answer for row in rows if row.face.prediction} == {LABELS[2]}


def test_stream_unreadable_frame_leaves_the_stream_open(service: str) -> None:
    with connect(socket_of(service)) as socket:
        for content in (b"", b"no picture", marker_picture(1)[:-20], marker_picture(1)):
            socket.send(content)
            answer = json.loads(socket.recv(10))
            if "faces" not in answer:
                assert answer["problem"]["status"] == 422
        assert answer["faces"][0]["expression"] == LABELS[1]
    with pytest.raises(ServiceError, match="HTTP 422"):
        list(Client(service).stream([b"no picture"]))


def test_stream_large_message_closes_with_1009(service: str) -> None:
    with connect(socket_of(service)) as socket:
        socket.send(bytes(100_001))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(10)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("?prior=auto", "query.prior: input should be 'trained' or 'uniform'. Correct it."),
        ("?min_face_px=5", "min_face_px 5: is below 12, the least here. Give 12 or more."),
        ("?fps=5", "query.fps: extra inputs are not permitted. Correct it."),
        ("?labels=joy,fear", f"labels: the model has no label 'joy'. Use {', '.join(LABELS)}."),
    ],
)
def test_stream_refuses_wrong_choices(service: str, query: str, detail: str) -> None:
    status, problem = refusal(service, query)
    assert (status, problem["detail"]) == (422, detail)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example", "http://", "x"]
)
def test_stream_foreign_origin_is_refused(service: str, origin: str) -> None:
    status, problem = refusal(service, origin=origin)
    assert (status, problem["type"]) == (403, "urn:ekspresi:problem:foreign-origin")


def test_stream_own_and_allowed_origins_may_connect(make_app: Any) -> None:
    with running(make_app(cors_origins=("https://example.org",))) as address:
        for origin in (address, "https://example.org"):
            with connect(socket_of(address), origin=origin) as socket:
                socket.send(marker_picture(1))
                assert json.loads(socket.recv(10))["faces"]
        assert refusal(address, origin="https://www.example.org")[0] == 403


def test_stream_more_sessions_than_allowed_get_503(service: str) -> None:
    with connect(socket_of(service)), connect(socket_of(service)) as second:
        status, problem = refusal(service)
        assert (status, problem["retry"]) == (503, "1")
        second.close()
        rows = list(Client(service, patience_s=20).stream([marker_picture(1)]))
        assert len(rows) == 1


def test_stream_that_stops_takes_no_other(make_app: Any) -> None:
    app = make_app()
    with running(app) as address:
        app.state.service.stopping = True
        status, problem = refusal(address)
    assert (status, problem["type"]) == (503, "urn:ekspresi:problem:stopping")


def test_stream_lost_client_frees_its_place(service: str) -> None:
    for _ in range(6):
        socket = connect(socket_of(service), legacy=True)
        socket.send(marker_picture(1))
        socket.recv(10)
        socket.socket.close()  # without a closing handshake
        del socket
    rows = list(Client(service, patience_s=20).stream([np.zeros((32, 32), np.uint8)]))
    assert len(rows) == 1
