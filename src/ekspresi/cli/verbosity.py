"""Show log records of ekspresi on standard error: all, notes only, or none.

In: the flags --verbose and --quiet. Out: a handler of the logger ``ekspresi``. Does not know about any command.

    --verbose   INFO and above: model, provider, detector
    (default)   WARNING and above: notes
    --quiet     ERROR and above; commands hide their progress too
"""

import logging

from ekspresi.cli.terminal import print_to_stderr
from ekspresi.errors import ConfigError
from ekspresi.system.file_names import printable

_LOGGER = logging.getLogger("ekspresi")
_WORDS = {logging.INFO: "info", logging.WARNING: "note", logging.ERROR: "error"}


def show_log(verbose: bool = False, quiet: bool = False) -> None:
    """Show the records of the logger ``ekspresi`` on standard error from now on.

    Each command calls it once, at its start; a later call replaces the effect of an earlier one.

    Args:
        verbose: from INFO.
        quiet: from ERROR; the default is WARNING.

    Raises:
        ConfigError: both flags are given.

    Example:
        >>> show_log(verbose=True, quiet=True)
        Traceback (most recent call last):
        ekspresi.errors.ConfigError: --verbose and --quiet: contradict each other. Remove one of them.
    """
    if verbose and quiet:
        raise ConfigError("--verbose and --quiet: contradict each other. Remove one of them.")
    for handler in _LOGGER.handlers[:]:
        if isinstance(handler, StderrHandler):
            _LOGGER.removeHandler(handler)
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    _LOGGER.addHandler(StderrHandler(level))
    _LOGGER.setLevel(level)


class StderrHandler(logging.Handler):
    """Print each record as one line on the standard error of that moment, which a progress bar may have replaced.

    Example:
        >>> record = logging.LogRecord("ekspresi", logging.WARNING, "", 0, "%d files", (3,), None)
        >>> StderrHandler().line(record)
        'note: 3 files'
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        print_to_stderr(self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        """Return the line that shows a record."""
        return f"{_WORDS.get(record.levelno, record.levelname.lower())}: {printable(self.format(record))}"
