"""Read what a request may choose, from its query and its form.

In: query parameters and form fields. Out: ``Choices``. Unknown names are refused: a misspelt one would change nothing
silently. Does not know which labels a model has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ekspresi.service.problems import RequestError, refusal_of
from ekspresi.service.settings import ServiceSettings
from ekspresi.types import PriorName


@dataclass(frozen=True, slots=True)
class Choices:
    """Hold what a request chose.

    Example:
        >>> Choices(min_face_px=12, prior="uniform", labels=("fear", "anger")).labels
        ('fear', 'anger')

    Attributes:
        min_face_px: width of the smallest face to search for, in pixels.
        prior: class prior.
        labels: labels that may be answered; None for all.
    """

    min_face_px: float
    prior: PriorName
    labels: tuple[str, ...] | None = None


class CropFields(BaseModel):
    """Describe the fields of a request with crops; None where the settings decide.

    >>> CropFields(prior="uniform").labels is None
    True
    """

    model_config = ConfigDict(extra="forbid")

    prior: Literal["trained", "uniform"] | None = Field(
        default=None, description="Class prior: as in the training data, or all expressions equally likely."
    )
    labels: str | None = Field(
        default=None,
        max_length=1000,
        description="Labels that may be answered, separated by commas; all if it is left out.",
        examples=["neutral,happiness"],
    )


class PictureFields(CropFields):
    """Describe the fields of a request with a picture; None where the settings decide.

    >>> PictureFields(min_face_px=24).min_face_px
    24.0
    """

    min_face_px: float | None = Field(
        default=None, ge=1, le=1000, description="Width of the smallest face to search for, in pixels.", examples=[24]
    )


def choose(settings: ServiceSettings, query: CropFields, form: Mapping[str, str]) -> Choices:
    """Combine the choices of a query and of a form.

    Args:
        settings: decide what is in neither.
        query: of the request, checked.
        form: fields of the form, not checked.

    Raises:
        RequestValidationError: a field of the form is unknown or has a wrong value.
        RequestError: a field is in both.

    Example:
        >>> choose(ServiceSettings(), PictureFields(), {"labels": "fear, anger"}).labels
        ('fear', 'anger')
    """
    try:
        checked = type(query).model_validate(dict(form))
    except ValidationError as error:
        raise refusal_of(error, "form") from None
    given = query.model_dump(exclude_none=True)
    if twice := sorted(set(given) & set(form)):
        raise RequestError("invalid-request", f"{twice[0]}: is in the query and in the form. Remove one of them.")
    given |= checked.model_dump(exclude_none=True)
    labels = given.get("labels")
    chosen = None if labels is None else tuple(each.strip() for each in labels.split(",") if each.strip())
    return Choices(given.get("min_face_px", settings.min_face_px), given.get("prior", settings.prior), chosen)
