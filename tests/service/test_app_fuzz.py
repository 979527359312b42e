"""Damaged pictures, odd forms and odd values end in an answer, within seconds of computing."""

import io
import json
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from ekspresi.service.app import create_app
from ekspresi.service.settings import ServiceSettings
from tests.support.service_calls import marker_picture

FORMS = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP", "PPM", "ICO", "JPEG2000", "AVIF")
LONGEST_S = 2.0
"""Processor time that one request may take: the clock of a busy machine says nothing."""
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ALLOWED = {200, 400, 408, 413, 415, 422}

bounded = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def client(gray_model: Any) -> Any:
    limits = {"max_bytes": 100_000, "max_pixels": 4_000_000, "max_crops": 5}
    app = create_app(ServiceSettings(model=str(gray_model), detector="none", device="cpu", **limits))
    with TestClient(app) as client:
        yield client


def picture(form: str) -> bytes:
    file = io.BytesIO()
    options: dict[str, Any] = (
        {"save_all": True, "append_images": [Image.new("L", (30, 20), 9)]} if form == "GIF" else {}
    )
    image = Image.linear_gradient("L").resize((30, 20)).convert("RGB" if form not in ("GIF", "PPM") else "L")
    image.save(file, form, **options)
    return file.getvalue()


def check(send: Callable[[], httpx.Response]) -> httpx.Response:
    """Send a request, and check what every answer must be."""
    began = time.process_time()
    response = send()
    assert time.process_time() - began < LONGEST_S
    assert response.status_code in ALLOWED, response.text
    if response.status_code != 200:
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["status"] == response.status_code
        assert "/work" not in response.text and "Traceback" not in response.text and "/src/" not in response.text
        assert not UNPRINTABLE.search(problem["detail"])
    return response


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Change, cut out, repeat and cut off bytes of a picture file."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["byte", "huge", "cut", "repeat", "end"]))
        if kind == "byte":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "huge":  # sizes and offsets of headers
            data[at : at + 4] = draw(
                st.sampled_from([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\xff\xff"])
            )
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "repeat":
            part = data[at : at + draw(st.integers(1, 60))]
            data[at:at] = bytes(part) * draw(st.integers(1, 50))
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("form", FORMS)
def test_analyze_damaged_picture_is_answered_soon(client: TestClient, form: str) -> None:
    content = picture(form)

    @bounded
    @given(data=damaged(content))
    def run(data: bytes) -> None:
        check(lambda: client.post("/v1/analyze", content=data, headers={"content-type": "image/jpeg"}))

    assert check(lambda: client.post("/v1/analyze", files={"file": content})).status_code == 200
    run()


names = st.text(max_size=40) | st.sampled_from(
    ["prior", "labels", "min_face_px", "file", "", "a\r\nb", '"', "../../etc/passwd"]
)
values = st.text(max_size=60) | st.sampled_from(
    ["uniform", "1e999", "-0", "nan", "12", "\x00", "fear,anger", "a" * 5000]
)


@bounded
@given(fields=st.dictionaries(names, values, max_size=4), query=st.dictionaries(names, values, max_size=3))
def test_analyze_any_fields_are_answered(client: TestClient, fields: dict[str, str], query: dict[str, str]) -> None:
    check(lambda: client.post("/v1/analyze", data=fields, files={"file": marker_picture(1)}, params=query))


@bounded
@given(
    boundary=st.sampled_from(["b", "", '"', "b; x=y", "\xe9", "b" * 300]),
    body=st.binary(max_size=300)
    | st.lists(
        st.sampled_from(
            [
                *(b"--b\r\n", b"--b--\r\n", b"\r\n", b"\r\n\r\n", b"Content-Type: image/png\r\n", b"\xff\xfe"),
                b'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n',
                b'Content-Disposition: form-data; name="prior"\r\n\r\nuniform\r\n',
                *(b"Content-Disposition: form-data\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b":" * 50),
                marker_picture(1),
            ]
        ),
        max_size=12,
    ).map(b"".join),
)
def test_recognize_any_form_is_answered(client: TestClient, boundary: str, body: bytes) -> None:
    kind = f"multipart/form-data; boundary={boundary}".encode("latin-1")
    check(lambda: client.post("/v1/recognize", content=body, headers={b"content-type": kind}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["crops", "x"]),
        "datatype": st.sampled_from(["UINT8", "FP32", "BYTES", ""]),
        "shape": st.lists(st.integers(-2, 70_000), max_size=5) | st.just([1, 2, 2]),
        "data": st.lists(st.integers(-1, 300), max_size=6) | json_values,
    }
)


@bounded
@given(value=json_values | st.fixed_dictionaries({"inputs": st.lists(tensors | json_values, max_size=2)}))
def test_infer_any_json_is_answered(client: TestClient, value: Any) -> None:
    body = json.dumps(value)
    check(lambda: client.post("/v2/models/ekspresi/infer", content=body, headers={"content-type": "application/json"}))


@bounded
@given(
    body=st.binary(max_size=200) | st.sampled_from([b"[" * 50_000, b'{"a":' * 20_000, b"9" * 60_000, b'"\\ud800"']),
    length=st.none() | st.text(alphabet="0123456789-+ .xe", max_size=12),
)
def test_infer_any_bytes_are_answered(client: TestClient, body: bytes, length: str | None) -> None:
    headers = {} if length is None else {"Inference-Header-Content-Length": length}
    check(lambda: client.post("/v2/models/ekspresi/infer", content=body, headers=headers))


messages = st.binary(max_size=300) | st.just(marker_picture(2)) | st.text(max_size=60) | json_values.map(str)


@bounded
@given(
    sent=st.lists(messages | st.sampled_from(['{"time_s": 1}', '{"time_s": 2, "cut": true}', "[" * 999]), max_size=6)
)
def test_stream_any_messages_are_answered_or_close_it(client: TestClient, sent: list[bytes | str]) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        for message in sent:
            (socket.send_bytes if isinstance(message, bytes) else socket.send_text)(message)  # type: ignore[operator,arg-type]
        socket.send_text("the end")  # closes the stream, if nothing before did
        codes = []
        while not codes:
            answer = socket.receive()
            if answer["type"] == "websocket.close":
                codes.append(answer["code"])
            else:
                assert {"frame", "time_s", "dropped"} < set(json.loads(answer["text"]))
    assert codes == [1007]
