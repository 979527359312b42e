"""Check the names of priors and the older argument."""

import pytest

from ekspresi.errors import ConfigError
from ekspresi.recognition.priors import prior_from


@pytest.mark.parametrize("prior", ["trained", "uniform"])
def test_prior_from_known_name_returns_it(prior: str) -> None:
    assert prior_from(prior, None) == prior  # type: ignore[arg-type]


def test_prior_from_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^prior 'flat': unknown\. Use 'trained' or 'uniform'\.$"):
        prior_from("flat", None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("even_prior", "prior"), [(True, "uniform"), (False, "trained")])
def test_prior_from_even_prior_warns_and_wins(even_prior: bool, prior: str) -> None:
    with pytest.warns(DeprecationWarning, match="even_prior is deprecated"):
        assert prior_from("trained", even_prior) == prior
