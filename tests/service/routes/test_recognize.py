"""Crops over HTTP."""

from typing import Any

from tests.support.service_calls import LABELS, call, marker_picture


def test_recognize_answers_each_crop_in_order(make_app: Any) -> None:
    marks = [5, 0, 7, 2]
    files = [("files", (f"{mark}.png", marker_picture(mark, side=20 + mark))) for mark in marks]
    rows = call(make_app(), "POST", "/v1/recognize", files=files).json()["faces"]
    assert [row["expression"] for row in rows] == [LABELS[mark] for mark in marks]
    assert [(row["source"], row["face"], row["face_px"]) for row in rows] == [
        (f"{mark}.png", 1, 20.0 + mark) for mark in marks
    ]


def test_recognize_takes_one_raw_crop(make_app: Any) -> None:
    options: dict[str, Any] = {"content": marker_picture(4), "headers": {"content-type": "image/png"}}
    (row,) = call(make_app(), "POST", "/v1/recognize", **options).json()["faces"]
    assert row["expression"] == LABELS[4]


def test_recognize_names_the_crop_that_cannot_be_read(make_app: Any) -> None:
    files = [("files", ("good.png", marker_picture(1))), ("files", ("bad.png", b"hello"))]
    response = call(make_app(), "POST", "/v1/recognize", files=files)
    assert response.status_code == 422 and response.json()["detail"].startswith("bad.png: is a text file")


def test_recognize_beyond_the_most_crops_is_refused(make_app: Any) -> None:
    app = make_app(max_crops=2)
    files = [("files", (f"{k}.png", marker_picture(k))) for k in range(3)]
    assert call(app, "POST", "/v1/recognize", files=files[:2]).status_code == 200
    response = call(app, "POST", "/v1/recognize", files=files)
    assert (response.status_code, response.json()["type"]) == (413, "urn:ekspresi:problem:too-many-crops")
