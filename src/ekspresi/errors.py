"""Define every exception that ekspresi raises on purpose.

In: nothing. Out: classes. Does not know about other modules.

    EkspresiError              an error that the user can fix: one line that names the file and the remedy
    ├── ImageError             a picture cannot be read, is too large, or is not a picture
    │   └── ImageSizeError     a picture has more pixels than allowed
    ├── SourceError            a path, address or camera does not exist, or gives no pictures
    │   └── AccessError        an address refuses the user or the password
    ├── ModelError             a file is not a model, or a model lacks ekspresi's metadata
    ├── DatasetError           a data set does not have its documented layout
    ├── ConfigError            a key is unknown, a value is out of range, or a checkpoint has another configuration
    ├── OutputError            a result cannot be written
    ├── ServiceError           a service cannot be reached, refuses a request, or fails
    └── MissingExtraError      the extra of a command is not installed

The command line prints the message of an ``EkspresiError`` and exits with code 2. Anything else is a bug and
keeps its traceback.
"""


class EkspresiError(Exception):
    """Report an error that the user can fix; the message names the file and the remedy.

    Example:
        >>> issubclass(AccessError, EkspresiError)
        True
    """


class ImageError(EkspresiError):
    """Report a picture that cannot be decoded, or exceeds the limits.

    Example:
        >>> str(ImageError("a.png: is empty (0 bytes). Copy it again from its origin."))
        'a.png: is empty (0 bytes). Copy it again from its origin.'
    """


class ImageSizeError(ImageError):
    """Report a picture with more pixels than allowed; it is not decoded.

    Example:
        >>> isinstance(ImageSizeError("a.png: has more than 200 megapixels, the limit. Make it smaller."), ImageError)
        True
    """


class SourceError(EkspresiError):
    """Report a path, address or camera that does not exist, gives no pictures, or stopped giving them.

    Example:
        >>> str(SourceError("clip.mp4: does not exist. Check the name."))
        'clip.mp4: does not exist. Check the name.'
    """


class AccessError(SourceError):
    """Report an address that refuses the user or the password; retries could lock the account.

    Example:
        >>> isinstance(AccessError("rtsp://***@host/: refuses the password. Check it."), SourceError)
        True
    """


class ModelError(EkspresiError):
    """Report a file that is not an ekspresi model.

    Example:
        >>> str(ModelError("model.onnx: is not a model. Check the path."))
        'model.onnx: is not a model. Check the path.'
    """


class DatasetError(EkspresiError):
    """Report a data set without its documented layout, or without the requested part.

    Example:
        >>> str(DatasetError("data/CK+48: no such folder. Check the path."))
        'data/CK+48: no such folder. Check the path.'
    """


class ConfigError(EkspresiError):
    """Report a configuration with unknown keys, values out of range, or another checkpoint's values.

    Attributes:
        problems: one line per problem, in the order of the keys; the message has all of them.

    Example:
        >>> ConfigError("epochs: must be above 0.", "seed: unknown.").problems
        ('epochs: must be above 0.', 'seed: unknown.')
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class OutputError(EkspresiError):
    """Report a result that could not be written; no half-written file is left.

    Example:
        >>> str(OutputError("rows.csv: is read-only. Make it writable."))
        'rows.csv: is read-only. Make it writable.'
    """


class ServiceError(EkspresiError):
    """Report a service that cannot be reached, refuses a request, or fails.

    Attributes:
        status: of its HTTP answer, such as 413; None where there is none.

    Example:
        >>> ServiceError("http://host: refuses the key. Check it.", status=401).status
        401
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class MissingExtraError(EkspresiError):
    """Report a command whose optional dependencies are not installed.

    Example:
        >>> str(MissingExtraError("reading videos", "video"))
        "reading videos needs the extra [video]. Run pip install '.[video]' in a clone of ekspresi, elsewhere pip ..."
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra [{extra}]. {install_hint(extra)}")


def install_hint(extra: str) -> str:
    """Return the sentence that says how to install an extra.

    Example:
        >>> install_hint("heif")
        "Run pip install '.[heif]' in a clone of ekspresi, elsewhere pip install 'ekspresi[heif]'."
    """
    return f"Run pip install '.[{extra}]' in a clone of ekspresi, elsewhere pip install 'ekspresi[{extra}]'."
