import io
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ekspresi.errors import ImageError, ServiceError
from ekspresi.imaging.images import as_rgb
from ekspresi.service.calls import (
    analyze_call,
    jpeg_bytes,
    model_call,
    picture_bytes,
    recognize_call,
    refusal_error,
    unreachable_error,
)

NOISE = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)


def test_picture_bytes_of_files_are_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"anything")
    assert picture_bytes(path) == picture_bytes(str(path)) == picture_bytes(b"anything") == b"anything"
    assert picture_bytes(io.BytesIO(b"anything")) == picture_bytes(bytearray(b"anything")) == b"anything"


@pytest.mark.parametrize("image", [NOISE, NOISE[:, :, 0], NOISE[:, :, :1], Image.fromarray(NOISE)])
def test_picture_bytes_of_pixels_keep_every_value(image: np.ndarray | Image.Image) -> None:
    np.testing.assert_array_equal(as_rgb(picture_bytes(image)), as_rgb(image))


def test_picture_bytes_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"no\.jpg: cannot be read \(No such file or directory\)\. Check the path"):
        picture_bytes(tmp_path / "no.jpg")
    with pytest.raises(ImageError, match="is a folder"):
        picture_bytes(tmp_path)


def test_picture_bytes_text_file_object_raises() -> None:
    with pytest.raises(TypeError, match="binary mode"):
        picture_bytes(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not an image"):
        picture_bytes(3)  # type: ignore[arg-type]


def test_jpeg_bytes_stay_close_to_the_frame() -> None:
    smooth = np.linspace(0, 255, 64 * 64, dtype=np.uint8).reshape(64, 64)
    assert np.abs(as_rgb(jpeg_bytes(smooth)).astype(int) - as_rgb(smooth)).max() <= 4


@pytest.mark.parametrize("crops", ["a.png", b"bytes", Path("a.png"), NOISE, NOISE[:, :, 0]])
def test_recognize_call_single_crop_raises(crops: object) -> None:
    with pytest.raises((TypeError, ValueError), match="is a single crop"):
        recognize_call(crops, {})  # type: ignore[arg-type]


def test_recognize_call_bad_crop_names_its_index() -> None:
    with pytest.raises(TypeError, match=r"crops\[2\]: dtype float64"):
        recognize_call([b"a file", NOISE, NOISE.astype(float)], {})


def test_recognize_call_stacked_crops_are_parts(tmp_path: Path) -> None:
    call = recognize_call(np.zeros((3, 8, 8), np.uint8), {"prior": None})
    assert call.files is not None
    assert [name for _, (name, _) in call.files] == ["0", "1", "2"]
    assert call.params == {}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"faces": 3}', b'{"faces": [{}]}', b"\xff", b"<html>", b'{"faces": [1]}']
)
def test_result_of_foreign_answer_raises(body: bytes) -> None:
    call = analyze_call(b"picture", {})
    with pytest.raises(ServiceError, match="http://host: gives an answer that is not one of ekspresi"):
        call.result_of(httpx.Response(200, content=body), "http://host")


@given(body=st.binary(max_size=200), status=st.integers(300, 599))
def test_refusal_error_takes_any_body(body: bytes, status: int) -> None:
    error = refusal_error(status, None, body, "http://host")
    assert error.status == status
    assert str(error).isprintable()


def test_refusal_error_shows_no_control_characters() -> None:
    body = b'{"detail": "bad\\u001b[31m\\r\\nthing. Stop.", "request_id": "a\\nb"}'
    assert str(refusal_error(400, None, body, "http://host")) == (
        "http://host: bad<1b>[31m<0d><0a>thing. Stop. (HTTP 400, request a<0a>b)"
    )


def test_refusal_error_of_a_redirect_names_the_address() -> None:
    error = refusal_error(308, "https://host/", b"", "http://host")
    assert str(error) == "http://host: sends its callers to https://host/. Use that address."


def test_refusal_error_of_a_proxy_says_so() -> None:
    error = refusal_error(502, None, b"<html>Bad Gateway</html>", "http://host")
    assert str(error).startswith("http://host: answers 502, without the words of ekspresi. Check the address")


def test_unreachable_error_distinguishes_slow_from_absent() -> None:
    assert "in time" in str(unreachable_error(httpx.ReadTimeout("slow"), "http://host"))
    assert "cannot be reached" in str(unreachable_error(httpx.ConnectTimeout("slow"), "http://host"))
    assert "cannot be reached (refused)" in str(unreachable_error(ConnectionRefusedError("refused"), "http://host"))


def test_model_call_returns_the_object() -> None:
    assert model_call().result_of(httpx.Response(200, json={"labels": ["fear"]}), "") == {"labels": ["fear"]}
    with pytest.raises(ServiceError):
        model_call().result_of(httpx.Response(200, json=3), "")
