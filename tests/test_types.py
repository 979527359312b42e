import pytest

from ekspresi.types import percent


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "<1%"),
        (1e-9, "<1%"),
        (0.0049, "<1%"),
        (0.005, "<1%"),
        (0.0051, "1%"),
        (0.126, "13%"),
        (0.9949, "99%"),
        (0.9951, ">99%"),
        (1.0, ">99%"),
    ],
)
def test_nearly_sure_is_not_sure(probability: float, text: str) -> None:
    assert percent(probability) == text
