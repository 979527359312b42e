"""Pictures are read within the limits, and errors are those of ``analyze``."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ekspresi
from ekspresi.errors import ImageError
from ekspresi.service.analysis import Analysis
from ekspresi.service.app import create_app
from ekspresi.service.bodies import Upload
from ekspresi.service.choices import Choices
from ekspresi.service.problems import RequestError
from ekspresi.service.settings import ServiceSettings
from tests.support.service_calls import LABELS, marker_picture

TRAINED = Choices(12, "trained")


def faces_of(analysis: Analysis, content: bytes, choices: Choices = TRAINED) -> Any:
    async def answer() -> Any:
        found = await analysis.find(Upload("a.jpg", content), choices.min_face_px)
        return await analysis.recognize(found, choices)

    return asyncio.run(answer())


@pytest.mark.parametrize("choices", [TRAINED, Choices(40, "uniform", ("neutral", "fear"))])
def test_recognize_answers_as_analyze_does(choices: Choices) -> None:
    content = Path("examples/corridor.jpg").read_bytes()
    state = create_app(ServiceSettings(device="cpu")).state.service
    wanted = ekspresi.analyze(content, min_face_px=choices.min_face_px, prior=choices.prior, labels=choices.labels)
    found = faces_of(state.analysis, content, choices)
    state.close()
    assert len(found) >= 4 and [face.box_xyxy for face in found] == [face.box_xyxy for face in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.prediction.answer == other.prediction.answer
        assert one.prediction.probabilities == pytest.approx(other.prediction.probabilities, abs=1e-5)


def test_find_refuses_what_analyze_refuses_in_its_words(make_app: Any) -> None:
    analysis = make_app().state.service.analysis
    for content in (b"", b"hello", b"%PDF-1.7", b"\x00" * 50, marker_picture(0)[:40], b"\x00\x00\x00\x18ftypisom"):
        with pytest.raises(ImageError) as wanted:
            ekspresi.analyze(content)
        with pytest.raises(RequestError) as caught:
            faces_of(analysis, content)
        assert caught.value.name == "unreadable-picture"
        assert caught.value.detail == str(wanted.value).replace(f"the image given as {len(content)} bytes", "a.jpg")


def test_find_reads_the_first_frame_and_says_so(make_app: Any) -> None:
    file = BytesIO()
    frames = [Image.fromarray(np.full((20, 30), value, np.uint8)) for value in (9, 200)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    found = asyncio.run(make_app().state.service.analysis.find(Upload("a.gif", file.getvalue()), 12))
    assert (found.width, found.height) == (30, 20)
    assert found.notes == ("a.gif: has several frames, of which only the first is used. Send each as a picture.",)


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG", "HEIF", "JPEG2000", "AVIF"])
def test_find_refuses_a_picture_before_it_is_decoded(make_app: Any, form: str) -> None:
    analysis = make_app(max_pixels=1000).state.service.analysis
    file, picture = BytesIO(), Image.new("RGB", (40, 26))
    if form == "HEIF":
        pytest.importorskip("pillow_heif").from_pillow(picture).save(file)
    else:
        picture.save(file, form)
    with pytest.raises(RequestError, match=r"a\.jpg: has more than 0\.001 megapixels, the limit") as caught:
        faces_of(analysis, file.getvalue())
    assert (caught.value.name, caught.value.status) == ("too-many-pixels", 413)


def test_prepare_counts_the_pixels_of_all_crops(make_app: Any) -> None:
    analysis = make_app(max_pixels=1200).state.service.analysis
    crops = [Upload(f"{k}.png", marker_picture(k)) for k in range(3)]
    assert len(asyncio.run(analysis.prepare(crops[:2])).crops) == 2
    with pytest.raises(RequestError, match=r"2\.png: has more than"):
        asyncio.run(analysis.prepare(crops))


def test_find_refuses_too_many_faces() -> None:
    state = create_app(ServiceSettings(device="cpu", max_faces=2)).state.service
    with pytest.raises(RequestError, match=r"shows \d+ faces, more than 2") as caught:
        faces_of(state.analysis, Path("examples/corridor.jpg").read_bytes())
    state.close()
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        (Choices(11, "trained"), r"min_face_px 11: is below 12, the least here\. Give 12 or more"),
        (Choices(12, "trained", ("joy", "fear")), "labels: the model has no label 'joy'"),
        (Choices(12, "trained", ("fear",)), r"labels: 1 chosen\. Choose at least two"),
    ],
)
def test_check_choices_refuses_wrong_choices(make_app: Any, choices: Choices, problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        make_app().state.service.analysis.check_choices(choices)


def test_check_choices_refuses_a_prior_of_an_uncalibrated_model(make_app: Any) -> None:
    with pytest.raises(RequestError, match="prior uniform: the model has no calibration"):
        make_app().state.service.analysis.check_choices(Choices(12, "uniform"))


def test_predict_answers_the_marker_of_each_crop(make_app: Any) -> None:
    analysis = make_app().state.service.analysis
    crops = [Upload("-", marker_picture(k)) for k in (5, 1, 7)]

    async def answer() -> Any:
        return await analysis.predict((await analysis.prepare(crops)).crops, TRAINED)

    assert [prediction.expression for prediction in asyncio.run(answer())] == [LABELS[k] for k in (5, 1, 7)]
