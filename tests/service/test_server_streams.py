"""Streams of a real server: a key before they open, an end that loses nothing."""

import json
import signal
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ekspresi.errors import ServiceError
from ekspresi.imaging.images import as_rgb
from ekspresi.service.client import Client
from ekspresi.types import Frame
from tests.support.served import serving
from tests.support.service_calls import LABELS, marker_picture

KEY = "correct-horse-battery-staple"


def test_streams_and_keys_of_a_real_server(gray_model: Path, tmp_path: Path) -> None:
    keys, log = tmp_path / "keys", tmp_path / "log"
    keys.write_text(f"{KEY}\n")
    flags = ["--model", str(gray_model), "--detector", "none", "--api-keys-file", str(keys), "--max-bytes", "50000"]
    with log.open("w") as stream, serving(stream, *flags) as served:
        socket_address = f"{served.address.replace('http', 'ws')}/v1/stream"
        for headers in ({}, {"Authorization": "Bearer another-key-of-someone"}, {"X-API-Key": ""}):
            with pytest.raises(InvalidStatus) as refused:
                connect(socket_address, additional_headers=headers)
            assert refused.value.response.status_code == 401
            assert json.loads(refused.value.response.body)["detail"]
        with pytest.raises(ServiceError, match="the API key: is not valid") as caught:
            list(Client(served.address, key="another-key-of-someone").stream([marker_picture(1)]))
        assert caught.value.status == 401
        client = Client(served.address, key=KEY)
        image = as_rgb(marker_picture(1))
        rows = list(client.stream([Frame("door", number, number / 10, image) for number in range(3)]))
        assert [(row.track, row.face.prediction.answer) for row in rows if row.face.prediction] == [(1, LABELS[1])] * 3
        with connect(socket_address, additional_headers={"X-API-Key": KEY}) as large:
            large.send(bytes(50_001))
            with pytest.raises(ConnectionClosed) as ended:
                large.recv(10)
        assert ended.value.rcvd is not None and ended.value.rcvd.code == 1009

        with connect(socket_address, additional_headers={"X-API-Key": KEY}) as socket:
            socket.send(marker_picture(0))
            answers = [json.loads(socket.recv(20))]
            for number in range(1, 4):  # a frame in work when the signal comes is answered, the others are not
                socket.send(marker_picture(number))
            served.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as stopped:
                while True:
                    answers.append(json.loads(socket.recv(20)))
        assert stopped.value.rcvd is not None
        assert (stopped.value.rcvd.code, stopped.value.rcvd.reason) == (1001, "the service stops: connect again later")
        assert [answer["faces"][0]["expression"] for answer in answers] == [LABELS[each["frame"]] for each in answers]
        assert served.process.wait(timeout=20) == 0
    text = log.read_text()
    assert KEY not in text
    assert "another-key" not in text
    assert '"route": "/v1/stream"' in text
