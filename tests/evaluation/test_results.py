"""Results as values: views by size, the headline, and the keys of the file."""

import json
from dataclasses import FrozenInstanceError, fields

import pytest

from ekspresi.evaluation.results import EffectiveSize, recorded_keys


def test_at_finds_the_result_of_a_size(evaluation):
    for result in evaluation.headline.by_size:
        assert evaluation.headline.at(result.size_px) is result


def test_at_of_a_size_that_was_not_measured_is_an_error(evaluation):
    with pytest.raises(KeyError, match="24"):
        evaluation.headline.at(24)


def test_headline_is_the_first_view(evaluation):
    assert len(evaluation.views) > 1
    assert evaluation.headline is evaluation.views[0]


def test_recorded_keys_renames_fields_with_older_keys():
    fields = [("excluded", {}), ("min_detectable_difference", 0.1), ("not_shrunk", 2), ("n", 5)]
    assert recorded_keys(fields) == {"left_out": {}, "told": 0.1, "as_they_are": 2, "n": 5}


def test_to_dict_keeps_the_keys_of_older_files(evaluation):
    record = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert set(record) == {"suite", "sizes_px", "model_labels", "views", "effective_sizes", "mistakes", "prior"}
    view = record["views"][0]
    assert view["left_out"] == evaluation.headline.excluded == {"labelled contempt": 10}
    assert set(view) == {
        *("name", "subset", "custom", "answers", "prior", "level", "labels", "resampled", "left_out", "by_size")
    }
    first = view["by_size"][0]
    assert set(first) == {"size_px", "as_they_are", "scores", "calibration", "selective"}
    assert first["as_they_are"] == evaluation.headline.by_size[0].not_shrunk


def test_results_are_frozen(evaluation):
    size = EffectiveSize(size_px=16, n=9, median_px=16.0, low_px=12.0, high_px=20.0, within=1.0)
    for result in (evaluation, evaluation.headline, evaluation.headline.at(48), evaluation.mistakes[0], size):
        with pytest.raises(FrozenInstanceError):
            setattr(result, fields(result)[0].name, None)
