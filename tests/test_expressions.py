import pytest

from ekspresi.errors import DatasetError
from ekspresi.expressions import (
    CKPLUS_LABELS,
    EXPRESSIONS,
    FER2013_LABELS,
    FERPLUS_LABELS,
    INDONESIAN,
    SHARED_LABELS,
    expression_from,
)


def test_label_sets_use_only_the_vocabulary() -> None:
    assert sorted(FERPLUS_LABELS) == list(EXPRESSIONS)
    assert set(FER2013_LABELS) == set(EXPRESSIONS) - {"contempt"}
    assert set(CKPLUS_LABELS) == set(EXPRESSIONS) - {"neutral"}
    assert set(SHARED_LABELS) == set(FERPLUS_LABELS) & set(CKPLUS_LABELS) - {"contempt"}


def test_expression_from_synonyms_gives_the_name() -> None:
    assert expression_from(" Happy ") == "happiness"
    assert expression_from("SAD") == "sadness"
    for english, indonesian in INDONESIAN.items():
        assert expression_from(indonesian) == expression_from(english) == english
    with pytest.raises(DatasetError, match="'boredom'"):
        expression_from("boredom")
