"""Pictures over HTTP."""

from typing import Any

import pytest

from tests.support.service_calls import LABELS, call, marker_picture


@pytest.mark.parametrize(
    "options",
    [
        {"files": {"file": ("a.png", marker_picture(3))}},
        {"files": {"photo": ("a.png", marker_picture(3))}, "data": {"prior": "trained"}},
        {"content": marker_picture(3), "headers": {"content-type": "image/png"}},
        {"content": marker_picture(3), "headers": {"content-type": "application/octet-stream"}},
    ],
)
def test_analyze_takes_a_form_or_raw_bytes(make_app: Any, options: dict[str, Any]) -> None:
    answer = call(make_app(), "POST", "/v1/analyze", **options).json()
    assert [row["expression"] for row in answer["faces"]] == [LABELS[3]]
    assert (answer["width"], answer["height"], answer["notes"]) == (24, 24, [])


def test_analyze_applies_the_labels_of_the_query(make_app: Any) -> None:
    content = {"files": {"file": ("a.png", marker_picture(3))}}
    (row,) = call(make_app(), "POST", f"/v1/analyze?labels={LABELS[1]},{LABELS[2]}", **content).json()["faces"]
    assert row["expression"] == LABELS[2] and row[f"p_{LABELS[3]}"] == 0


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("prior=auto", "query.prior: input should be 'trained' or 'uniform'. Correct it."),
        ("min_face_px=5", "min_face_px 5: is below 12, the least here. Give 12 or more."),
        ("min_face=50", "query.min_face: extra inputs are not permitted. Correct it."),
        ("labels=joy,fear", f"labels: the model has no label 'joy'. Use {', '.join(LABELS)}."),
    ],
)
def test_analyze_refuses_wrong_choices(make_app: Any, query: str, detail: str) -> None:
    response = call(make_app(), "POST", f"/v1/analyze?{query}", files={"file": ("a.png", marker_picture(3))})
    assert (response.status_code, response.json()["detail"]) == (422, detail)


def test_analyze_of_two_files_is_refused(make_app: Any) -> None:
    files = [("file", ("a.png", marker_picture(3)))] * 2
    response = call(make_app(), "POST", "/v1/analyze", files=files)
    assert (response.status_code, response.json()["type"]) == (413, "urn:ekspresi:problem:too-many-crops")
