"""What the service says of its model."""

import hashlib
from pathlib import Path
from typing import Any

from ekspresi.recognition.pretrained import bundled_model
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.service.app import create_app
from ekspresi.service.routes.model import without_folders
from ekspresi.service.schemas import ModelAnswer
from ekspresi.service.settings import ServiceSettings
from tests.support.service_calls import call


def test_model_describes_the_bundled_one() -> None:
    app = create_app(ServiceSettings(device="cpu", strict=True))
    answer = ModelAnswer.model_validate(call(app, "GET", "/v1/model").json())
    app.state.service.close()
    metadata = Recognizer(device="cpu").metadata
    assert answer.sha256 == hashlib.sha256(bundled_model().read_bytes()).hexdigest()
    assert (answer.name, tuple(answer.labels), answer.strict) == (metadata.name, metadata.labels, True)
    assert [each["confidence"] for each in answer.thresholds] == list(metadata.calibration.strict_thresholds)
    assert abs(sum(answer.trained_prior.values()) - 1) < 1e-6
    assert answer.card == Path("docs/model-card.md").read_text(encoding="utf-8")
    assert answer.provenance["data"]["reader"] == "ferplus" and "/" not in str(answer.provenance)


def test_model_without_a_calibration_has_no_thresholds(make_app: Any) -> None:
    answer = call(make_app(), "GET", "/v1/model").json()
    assert answer["card"] is None and (answer["thresholds"], answer["smallest_px"], answer["precision"]) == (
        [],
        None,
        None,
    )


def test_without_folders_keeps_only_names() -> None:
    given = {"a": ["/x/y.onnx", r"C:\me\z.npz", "folder:/data/faces/"], "b": {"c": "train --out /x/run"}, "d": 1.5}
    assert without_folders(given) == {"a": ["y.onnx", "z.npz", "faces"], "b": {"c": "train --out run"}, "d": 1.5}
