"""Describe the answers of the service for its OpenAPI document.

In: nothing. Out: pydantic models with examples. A row is what ``tables/schema.py`` makes of it: a test holds that the
fields are its columns. Does not know how answers are made.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_PROBABILITIES = {
    "p_neutral": 0.000311,
    "p_happiness": 0.996102,
    "p_surprise": 0.002991,
    "p_sadness": 0.000112,
    "p_anger": 0.000153,
    "p_disgust": 0.00008,
    "p_fear": 0.00006,
    "p_contempt": 0.000191,
}
ROW: dict[str, Any] = {
    "source": "photo.jpg",
    "frame": 0,
    "time_s": None,
    "track": None,
    "face": 1,
    "x1": 178.03,
    "y1": 60.4,
    "x2": 266.67,
    "y2": 172.2,
    "face_px": 106.0,
    "effective_px": 41.93,
    "expression": "happiness",
    "most_likely": "happiness",
    "confidence": 0.996102,
    "abstained": False,
    "annotated": None,
    **_PROBABILITIES,
    "score": 0.999912,
    "landmarks": [[203.51, 103.2], [244.12, 105.01], [222.87, 128.4], [203.02, 143.73], [240.45, 145.16]],
}
"""Example of a row."""


class FaceRow(BaseModel):
    """Describe one face: the columns of ``ekspresi predict``, ``p_<label>`` for each label, and two of the detector.

    >>> FaceRow.model_validate(ROW).expression
    'happiness'
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"example": ROW, "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}},
    )

    source: str = Field(description="Last part of the file name in the request, or '-'.")
    frame: int = Field(description="Number of the frame; 0 for a picture.")
    time_s: float | None = Field(description="Seconds since the start of a stream; null for a picture.")
    track: int | None = Field(description="Number of the track in a stream; null for a picture.")
    face: int = Field(description="Number of the face in its picture, from 1, the largest first.")
    x1: float = Field(description="Left edge of the box in pixels of the upright picture; may be beyond its edges.")
    y1: float = Field(description="Upper edge of the box.")
    x2: float = Field(description="Right edge of the box.")
    y2: float = Field(description="Lower edge of the box.")
    face_px: float | None = Field(description="Side of the face crop in pixels.")
    effective_px: float | None = Field(description="Pixels of side that hold detail.")
    expression: str | None = Field(description="The answer: the most probable expression, or 'unsure'.")
    most_likely: str | None = Field(description="The most probable expression; only a guess where abstained is true.")
    confidence: float | None = Field(description="Probability of most_likely.")
    abstained: bool | None = Field(description="Whether the model gives no answer.")
    annotated: str | None = Field(description="Always null here.")
    score: float = Field(description="Confidence of the detector, 0 to 1.")
    landmarks: list[tuple[float, float]] | None = Field(
        description="Eyes, nose and corners of the mouth, x and y in pixels; null where the detector gives none."
    )


class AnalyzeAnswer(BaseModel):
    """Describe the answer to a picture.

    >>> AnalyzeAnswer(faces=[], width=640, height=480, notes=[]).faces
    []
    """

    faces: list[FaceRow] = Field(description="The faces, largest first.")
    width: int = Field(description="Width of the upright picture in pixels.")
    height: int = Field(description="Height of the upright picture in pixels.")
    notes: list[str] = Field(description="What was left out, such as the other frames of an animation.")


class RecognizeAnswer(BaseModel):
    """Describe the answer to crops.

    >>> RecognizeAnswer(faces=[], notes=[]).notes
    []
    """

    faces: list[FaceRow] = Field(description="One row for each crop, in the order of the request.")
    notes: list[str] = Field(description="What was left out, such as the other frames of an animation.")


class ModelAnswer(BaseModel):
    """Describe the model and its settings.

    >>> ModelAnswer.model_fields["sha256"].description
    'Hash of the model file.'
    """

    name: str = Field(description="Name of the model.", examples=["ekspresi-b0"])
    sha256: str = Field(description="Hash of the model file.")
    ekspresi: str = Field(description="Version of the service.", examples=["0.1.0"])
    provider: str = Field(description="Provider of ONNX Runtime.", examples=["CPUExecutionProvider"])
    detector: str = Field(description="Name of the detector.", examples=["mtcnn"])
    min_face_px: float = Field(description="Width of the smallest face that is searched for, in pixels.", examples=[12])
    prior: str = Field(description="Class prior of requests that name none.", examples=["trained"])
    strict: bool = Field(description="Whether the stricter thresholds count.")
    labels: list[str] = Field(description="Labels in the order of the outputs.", examples=[["neutral", "happiness"]])
    trained_prior: dict[str, float] = Field(
        description="Share of each label in the training data.", examples=[{"neutral": 0.35, "happiness": 0.28}]
    )
    smallest_px: float | None = Field(description="Effective size below which the model never answers.", examples=[6])
    precision: float | None = Field(
        description="Share of right answers that the thresholds were fitted for.", examples=[0.92]
    )
    thresholds: list[dict[str, float]] = Field(
        description="Confidence from which the model answers, at each effective size.",
        examples=[[{"effective_px": 24, "confidence": 0.7566}]],
    )
    estimates_size: bool = Field(description="Whether the model estimates effective sizes.")
    provenance: dict[str, Any] = Field(
        description="Data, split, configuration, versions and figures of the training.",
        examples=[{"data": {"reader": "ferplus"}, "best": {"val_nll": 0.64}}],
    )
    card: str | None = Field(
        description="Card of the bundled model in Markdown: figures, limits, forbidden uses; null for other models.",
        examples=["# Model card: ekspresi-b0"],
    )


class ProblemDocument(BaseModel):
    """Describe an error (RFC 9457).

    >>> from ekspresi.service.problems import RequestError
    >>> import json
    >>> body = RequestError("busy", "the queue: is full. Send it again later.").to_response("/v1/analyze").body
    >>> ProblemDocument.model_validate_json(body).status
    503
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Kind of the error, a URN.", examples=["urn:ekspresi:problem:unreadable-picture"])
    title: str = Field(description="Kind of the error in words.", examples=["The picture cannot be read"])
    status: int = Field(description="Status of the answer.", examples=[422])
    detail: str = Field(
        description="Subject, problem and fix.",
        examples=["a.jpg: is empty (0 bytes). Copy it again from its origin."],
    )
    request_id: str | None = Field(default=None, description="Id of the request, also in the header X-Request-ID.")
