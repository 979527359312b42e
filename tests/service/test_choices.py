"""What a request may choose, and how it is refused."""

import pytest
from fastapi.exceptions import RequestValidationError

from ekspresi.service.choices import Choices, CropFields, PictureFields, choose
from ekspresi.service.problems import RequestError
from ekspresi.service.settings import ServiceSettings

SETTINGS = ServiceSettings(min_face_px=20, prior="uniform")


def test_choose_without_choices_takes_the_settings() -> None:
    assert choose(SETTINGS, PictureFields(), {}) == Choices(20, "uniform", None)


def test_choose_reads_the_query_and_the_form() -> None:
    found = choose(SETTINGS, PictureFields(min_face_px=40), {"prior": "trained", "labels": "fear,, anger "})
    assert found == Choices(40, "trained", ("fear", "anger"))


def test_choose_refuses_a_field_given_twice() -> None:
    with pytest.raises(RequestError, match="prior: is in the query and in the form"):
        choose(SETTINGS, PictureFields(prior="trained"), {"prior": "uniform"})


@pytest.mark.parametrize("form", [{"min_face_px": "nan"}, {"min_face_px": "0"}, {"prior": "auto"}, {"priors": "x"}])
def test_choose_refuses_wrong_fields_of_a_form(form: dict[str, str]) -> None:
    with pytest.raises(RequestValidationError) as caught:
        choose(SETTINGS, PictureFields(), form)
    assert caught.value.errors()[0]["loc"] == ("form", *form)


def test_choose_for_crops_knows_no_width() -> None:
    with pytest.raises(RequestValidationError):
        choose(SETTINGS, CropFields(), {"min_face_px": "20"})
