"""Import pyarrow where Parquet is used, or name the extra that brings it.

In: what needs it. Out: the module. Does not know about tables or data sets.
"""

from typing import Any

from ekspresi.errors import MissingExtraError


def pyarrow(what: str = "writing Parquet") -> Any:
    """Import and return the module ``pyarrow``, which costs time only where Parquet is used.

    Args:
        what: the work that needs it, for the error.

    Raises:
        MissingExtraError: it is not installed.

    Example:
        >>> pyarrow().__name__
        'pyarrow'
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(what, "parquet") from error
    return pyarrow
