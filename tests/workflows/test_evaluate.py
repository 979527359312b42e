from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.errors import ConfigError, DatasetError
from ekspresi.workflows.evaluate import EVERY_FACE, EvaluateOptions, evaluate_model, select_faces
from ekspresi.workflows.options import SilentListener
from tests.support.gray_model import face, write_gray_model

LABELS = ("anger", "fear")


def dataset(official: bool = False, twin: bool = False) -> FaceDataset:
    """24 faces of 12 people; ``twin``: the last test face is in training too."""
    images = np.random.default_rng(0).integers(0, 256, (24, 24, 24), dtype=np.uint8)
    if twin:
        images[23] = images[0]
    sides = np.repeat(["train", "validation", "test"], 8)
    return FaceDataset(
        "fer2013",
        "x",
        LABELS,
        images,
        np.eye(2, dtype=np.float32)[np.arange(24) % 2],
        np.zeros((24, 0), np.float32),
        np.array([f"{number:02d}.png" for number in range(24)]),
        official=sides if official else None,
        subjects=np.array([f"S{number // 2:02d}" for number in range(24)]),
    )


def options(**fields: Any) -> EvaluateOptions:
    return EvaluateOptions("folder:x", **fields)


def test_select_faces_unsplit_data_measures_every_face() -> None:
    faces = select_faces(dataset(), {}, options())
    assert (faces.protocol, faces.side, faces.name, len(faces.indices)) == (EVERY_FACE, EVERY_FACE, "all faces", 24)


def test_select_faces_official_split_measures_its_test_side() -> None:
    faces = select_faces(dataset(official=True), {}, options())
    assert (faces.protocol, faces.name, faces.further) == ("official", "test", {})
    assert faces.indices.tolist() == list(range(16, 24))


def test_select_faces_leaking_official_split_gives_both_sides() -> None:
    faces = select_faces(dataset(official=True, twin=True), {}, options())
    assert faces.name == "test, de-duplicated" and 23 not in faces.indices
    assert faces.further["test, as published"].tolist() == list(range(16, 24))


def test_select_faces_takes_the_split_of_training() -> None:
    trained = {"protocol": "subject-10fold", "fold": 3, "seed": 0}
    faces = select_faces(dataset(), trained, options())
    assert (faces.protocol, faces.fold, faces.seed, faces.side) == ("subject-10fold", 3, 0, "test")
    faces = select_faces(dataset(), trained, options(fold=4, side="validation"))
    assert (faces.fold, faces.side) == (4, "validation")


def test_select_faces_other_protocol_ignores_training_fold() -> None:
    faces = select_faces(dataset(), {"protocol": "subject-10fold", "fold": 3}, options(protocol="subject-halves"))
    assert (faces.protocol, faces.fold) == ("subject-halves", 0)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"protocol": "random"}, ConfigError, "--split random: is not a protocol. Choose all, subject-10fold, "),
        ({"side": "train"}, ConfigError, "--side train: is not a side of a split. Choose test or validation."),
        ({"fold": 2}, ConfigError, "--fold, --seed and --side: need a split protocol"),
        ({"protocol": "official"}, DatasetError, "official"),
    ],
)
def test_select_faces_refuses_what_does_not_fit(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        select_faces(dataset(), {}, options(**fields))
    assert message in str(caught.value)


def test_evaluate_model_reports_its_progress_and_skipped_files(tmp_path: Path) -> None:
    rng, total = np.random.default_rng(0), []
    for code, label in enumerate(LABELS):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(face(code, 2, rng)).save(tmp_path / "faces" / label / f"{number}.png")
    (tmp_path / "faces" / "fear" / "bad.png").write_text("no picture")
    skipped: list[str] = []

    class Recorder(SilentListener):
        def on_progress(self, done: int, all_: int) -> None:
            total.append((done, all_))

        def on_skipped(self, lines: Any) -> None:
            skipped.extend(lines)

    model = write_gray_model(tmp_path / "m.onnx", LABELS)
    spec = f"folder:{tmp_path / 'faces'}"
    result = evaluate_model(EvaluateOptions(spec, model, out=tmp_path / "report", device="cpu"), Recorder())
    assert len(skipped) == 1 and "bad.png" in skipped[0]
    assert total[-1][0] == total[-1][1] and total == sorted(total)
    assert result.evaluation.headline.by_size[0].scores.accuracy.value == 1
    assert result.provenance.asked.command == f"ekspresi evaluate {spec} --model {model} --split all"
    assert all(path.is_file() for path in result.files)
