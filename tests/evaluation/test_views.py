"""Views: the labels that count, and the faces, targets and names of each way of counting."""

from dataclasses import replace

import numpy as np
import pytest

from ekspresi.errors import DatasetError
from ekspresi.evaluation.views import has_counted_votes, select_counted_labels, view_specs
from ekspresi.expressions import CKPLUS_LABELS, FERPLUS_LABELS, SHARED_LABELS
from tests.evaluation.made_up_faces import dataset_of


def specs_of(dataset, model_labels=FERPLUS_LABELS, members=None, custom="argmax", several=False, priors=("trained",)):
    members = np.arange(len(dataset)) if members is None else np.array(members, np.int64)
    return list(view_specs(model_labels, dataset, "test", members, custom, several, priors))


def test_select_counted_labels_of_shared_and_equal_sets():
    assert set(select_counted_labels(FERPLUS_LABELS, CKPLUS_LABELS)) == set(SHARED_LABELS)
    assert select_counted_labels(CKPLUS_LABELS, CKPLUS_LABELS) == CKPLUS_LABELS
    assert select_counted_labels(FERPLUS_LABELS, FERPLUS_LABELS) == FERPLUS_LABELS
    assert select_counted_labels(("neutral", "contempt", "fear"), ("fear", "contempt")) == ("contempt", "fear")


def test_has_counted_votes_needs_two_answers_to_one_face():
    dataset = dataset_of([("fear", "fear"), ("anger", "anger")])
    assert not has_counted_votes(dataset)
    votes = dataset.votes.copy()
    votes[0, FERPLUS_LABELS.index("anger")] = 1
    assert has_counted_votes(replace(dataset, votes=votes))
    unknown = np.array([[1], [0]], np.float32)
    assert has_counted_votes(replace(dataset, other_votes=unknown))


def test_view_specs_of_equal_labels_are_one_view_of_all():
    dataset = dataset_of([("fear", "fear"), ("anger", "anger"), ("fear", "fear")])
    (spec,) = specs_of(dataset, members=[2, 1], priors=("trained", "even"))
    assert (spec.name, spec.answers, spec.prior, spec.excluded) == ("test", "all", "trained", {})
    assert spec.indices.tolist() == [2, 1]
    assert [spec.labels[target] for target in spec.targets] == ["fear", "anger"]
    assert spec.columns == list(range(8))


def test_view_specs_masked_has_columns_of_counted_labels():
    dataset = dataset_of([("contempt", "fear"), ("fear", "fear"), ("anger", "anger")], CKPLUS_LABELS)
    unmasked, masked = specs_of(dataset)
    assert [FERPLUS_LABELS[column] for column in masked.columns] == list(masked.labels)
    assert set(masked.labels) == set(SHARED_LABELS) and unmasked.labels == FERPLUS_LABELS
    for spec in (masked, unmasked):
        assert spec.indices.tolist() == [1, 2]
        assert [spec.labels[target] for target in spec.targets] == ["fear", "anger"]
        assert spec.excluded == {"labelled contempt": 1}


def test_view_specs_name_custom_answers_and_prior():
    dataset = dataset_of([("fear", "fear")], CKPLUS_LABELS)
    names = [spec.name for spec in specs_of(dataset, several=True, priors=("trained", "even"))]
    assert names == [
        "test, arg-max, unmasked",
        "test, arg-max, unmasked, even prior",
        "test, arg-max, masked",
        "test, arg-max, masked, even prior",
    ]


def test_view_specs_of_majority_leave_out_ties():
    dataset = dataset_of([("fear", "fear"), ("anger", "anger")])
    votes = dataset.votes.copy()
    votes[0, FERPLUS_LABELS.index("anger")] = 10
    (spec,) = specs_of(replace(dataset, votes=votes), custom="majority")
    assert spec.indices.tolist() == [1] and spec.excluded == {"without a clear label": 1}


def test_view_specs_without_known_labels_name_the_reasons():
    dataset = dataset_of([("contempt", "contempt")] * 2, CKPLUS_LABELS)
    with pytest.raises(DatasetError, match=r"no face of 'test' .*\(2 labelled contempt\)\. Use other data\."):
        specs_of(dataset)
    with pytest.raises(DatasetError, match="it is empty"):
        specs_of(dataset, members=[])
