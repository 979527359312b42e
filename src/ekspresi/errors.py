"""Every exception that ekspresi raises on purpose.

In: nothing. Out: classes. Knows no other room.

    EkspresiError              what the user can mend: a line that names the file and the remedy
    ├── ImageError             a picture that cannot be read, or must not be (too large, not a picture)
    ├── SourceError            a path, address or camera that does not exist, or holds no pictures
    │   └── AccessError        an address that refuses the user or the password
    ├── ModelError             a file that is no model, or a model without ekspresi's metadata
    ├── DatasetError           a data set that is not in the layout its docstring states
    ├── ConfigError            an unknown key, a value out of range, a checkpoint of another configuration
    ├── OutputError            a result that cannot be written
    └── MissingExtraError      a command whose extra is not installed

The command line prints the message of an ``EkspresiError`` and exits with code 2. Anything else is a bug and
keeps its traceback.
"""


class EkspresiError(Exception):
    """Base of all errors the user can mend; its message names the file and the remedy."""


class ImageError(EkspresiError):
    """A picture that cannot be decoded, or exceeds the limits."""


class SourceError(EkspresiError):
    """A path, address or camera that does not exist, gives no pictures, or stopped giving them."""


class AccessError(SourceError):
    """An address that refuses the user or the password: it is not asked again, which could lock the account."""


class ModelError(EkspresiError):
    """A file that is not an ekspresi model."""


class DatasetError(EkspresiError):
    """A data set that is not in its documented layout, or cannot serve what was asked of it."""


class ConfigError(EkspresiError):
    """A configuration that is refused: unknown key, value out of range, mismatch with a checkpoint.

    Attributes:
        problems: a line for each, in the order of the keys; the message has all of them.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class OutputError(EkspresiError):
    """A result that could not be written; nothing half-written is left behind."""


class MissingExtraError(EkspresiError):
    """A command whose optional dependencies are not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra [{extra}]: pip install 'ekspresi[{extra}]', or '.[{extra}]' in a clone"
        )
