"""The provenance of figures, and the warnings where they may leak."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from ekspresi.evaluation.provenance import (
    EvaluationRequest,
    find_trained_split,
    list_leak_warnings,
    make_provenance,
)
from tests.evaluation.made_up_faces import ASKED


def of_training(recognizer, **provenance):
    return replace(recognizer.metadata, provenance=provenance)


def test_list_leak_warnings_names_each_leak(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    same = of_training(recognizer, data=here, split={"protocol": "subject-10fold", "fold": 0, "seed": 0})
    assert list_leak_warnings(same, dataset, ASKED) == ()
    other_fold = EvaluationRequest("subject-10fold", 3, 0, "test", "")
    (sentence,) = list_leak_warnings(same, dataset, other_fold)
    assert "fold 0 in training, 3 here" in sentence
    (sentence,) = list_leak_warnings(same, dataset, EvaluationRequest("all", 0, 0, "all", ""))
    assert "Seen in training" in sentence
    seeded = of_training(recognizer, data=here, split={"protocol": "subject-10fold", "fold": 0, "seed": 5})
    assert "seed 5 in training, 0 here" in list_leak_warnings(seeded, dataset, ASKED)[0]
    assert (
        "Leaky protocol"
        in list_leak_warnings(recognizer.metadata, dataset, EvaluationRequest("paper-split", 0, 0, "test", ""))[0]
    )
    copy = of_training(recognizer, data={"reader": "made", "fingerprint": "0"}, split={})
    assert "another copy" in list_leak_warnings(copy, dataset, ASKED)[0]
    assert list_leak_warnings(recognizer.metadata, dataset, ASKED) == ()


def test_list_leak_warnings_of_splits_by_image_warns(recognizer, dataset):
    official = EvaluationRequest("official", 0, 0, "test", "")
    (sentence,) = list_leak_warnings(recognizer.metadata, replace(dataset, name="ckextended"), official)
    assert sentence.startswith("Leaky protocol: the official split of 'ckextended'")
    assert (
        list_leak_warnings(
            recognizer.metadata, replace(dataset, name="ckextended"), EvaluationRequest("all", 0, 0, "all", "")
        )
        == ()
    )
    assert list_leak_warnings(recognizer.metadata, replace(dataset, name="ferplus"), official) == ()


def test_list_leak_warnings_of_unknown_seed_warns(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    asked = EvaluationRequest("subject-holdout", 0, 4, "test", "")
    same = of_training(recognizer, data=here, split={"protocol": "subject-holdout", "fold": 0, "seed": 4})
    assert list_leak_warnings(same, dataset, asked) == ()
    unseeded = of_training(recognizer, data=here, split={"protocol": "subject-holdout", "fold": 0})
    assert "seed unknown in training, 4 here" in list_leak_warnings(unseeded, dataset, asked)[0]


def test_list_leak_warnings_of_validation_faces_warns(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    own = of_training(recognizer, data=here, split={"protocol": "subject-10fold", "fold": 0, "seed": 0})
    (sentence,) = list_leak_warnings(own, dataset, EvaluationRequest("subject-10fold", 0, 0, "validation", ""))
    assert sentence.startswith("Chosen on these faces")
    assert (
        list_leak_warnings(recognizer.metadata, dataset, EvaluationRequest("subject-10fold", 0, 0, "validation", ""))
        == ()
    )


def test_list_leak_warnings_knows_the_origin_of_converted_faces(recognizer, dataset):
    official = EvaluationRequest("official", 0, 0, "test", "")
    converted = replace(dataset, name="parquet", origin="caers")
    (sentence,) = list_leak_warnings(recognizer.metadata, converted, official)
    assert sentence.startswith("Leaky protocol: the official split of 'caers'")
    related = of_training(recognizer, data={"reader": "fer2013", "fingerprint": "0"})
    (sentence,) = list_leak_warnings(related, replace(dataset, name="parquet", origin="ferplus"), ASKED)
    assert sentence.startswith("Perhaps seen in training: the model was trained on 'fer2013'")


@pytest.mark.parametrize(("trained", "measured"), [("ferplus", "fer2013"), ("fer2013", "ferplus")])
def test_list_leak_warnings_of_related_readers_warns(recognizer, dataset, trained, measured):
    measured_on = replace(dataset, name=measured)
    data = {"reader": trained, "fingerprint": "0"}
    (sentence,) = list_leak_warnings(of_training(recognizer, data=data), measured_on, ASKED)
    assert sentence.startswith("Perhaps seen in training")
    assert trained in sentence
    assert list_leak_warnings(of_training(recognizer, data=data), dataset, ASKED) == ()


def test_list_leak_warnings_names_data_of_first_weights(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    split = {"protocol": "subject-10fold", "fold": 0, "seed": 0}
    ferplus = {"reader": "ferplus", "fingerprint": "0"}
    (sentence,) = list_leak_warnings(of_training(recognizer, data=ferplus, parents=[here]), dataset, ASKED)
    assert sentence.startswith("Seen before training")
    assert list_leak_warnings(of_training(recognizer, data=here, split=split, parents=[here]), dataset, ASKED) == (
        sentence,
    )
    (sentence,) = list_leak_warnings(
        of_training(recognizer, data=here, parents=[ferplus, ferplus]), replace(dataset, name="fer2013"), ASKED
    )[1:]
    assert sentence.startswith("Perhaps seen before training")
    assert "ferplus" in sentence
    assert list_leak_warnings(of_training(recognizer, data=ferplus, parents=[ferplus, "x"]), dataset, ASKED) == ()
    assert list_leak_warnings(of_training(recognizer, parents=None), dataset, ASKED) == ()
    alike = {**here, "split": {"protocol": ASKED.protocol, "fold": ASKED.fold, "seed": ASKED.seed}}
    assert list_leak_warnings(of_training(recognizer, data=here, split=split, parents=[alike]), dataset, ASKED) == ()
    other = {**here, "split": {**alike["split"], "fold": 9}}
    assert list_leak_warnings(of_training(recognizer, data=here, split=split, parents=[other]), dataset, ASKED)


def test_make_provenance_records_model_data_and_request(recognizer, dataset):
    skipping = replace(dataset, skipped=("a.png: not a picture", "b.png: not a picture"), options="frames=3")
    made = make_provenance(recognizer, skipping, ASKED)
    assert made.model_sha256 == hashlib.sha256(recognizer.path.read_bytes()).hexdigest()
    assert (made.data, made.data_name, made.data_faces, made.data_skipped) == ("made:up?frames=3", "made", 70, 2)
    assert made.asked == ASKED and made.warnings == ()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", made.date)
    assert json.loads(json.dumps(made.to_dict()))["asked"]["command"] == ASKED.command


def test_make_provenance_holds_the_leak_warnings(recognizer, dataset):
    leaky = replace(ASKED, protocol="paper-split")
    made = make_provenance(recognizer, dataset, leaky)
    assert made.warnings == list_leak_warnings(recognizer.metadata, dataset, leaky) != ()


def test_find_trained_split_of_the_same_faces_only(recognizer, dataset):
    here = {"reader": "made", "fingerprint": dataset.fingerprint}
    split = {"protocol": "official", "fold": 0}
    assert find_trained_split(of_training(recognizer, data=here, split=split), dataset) == split
    assert find_trained_split(of_training(recognizer, data=here), dataset) == {}
    other = {**here, "fingerprint": "0"}
    assert find_trained_split(of_training(recognizer, data=other, split=split), dataset) is None
    assert find_trained_split(recognizer.metadata, dataset) is None
