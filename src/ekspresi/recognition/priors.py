"""Check the names of priors.

In: a name and the older argument ``even_prior``. Out: a name. Does not know what a prior does (``calibration``).
"""

import warnings
from typing import get_args

from ekspresi.errors import ConfigError
from ekspresi.types import Prior


def prior_from(prior: Prior, even_prior: bool | None) -> Prior:
    """Check the name of a prior, and translate the older argument ``even_prior``, which warns.

    Example:
        >>> prior_from("uniform", even_prior=None)
        'uniform'

    Args:
        prior: a name.
        even_prior: deprecated; None where it was not given.

    Raises:
        ConfigError: the name is unknown.
    """
    if even_prior is not None:
        warnings.warn(
            "even_prior is deprecated: use prior='uniform', or prior='trained'.", DeprecationWarning, stacklevel=3
        )
        prior = "uniform" if even_prior else "trained"
    if prior not in get_args(Prior):
        raise ConfigError(f"prior '{prior}': unknown. Use 'trained' or 'uniform'.")
    return prior
