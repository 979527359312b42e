"""Load page templates with the shared style sheet and number formats.

In: the path of a Jinja template. Out: a template that knows ``style`` (the style sheet) and the filters ``percent``,
``interval`` and ``thousands``. Does not know about the contents of pages.
"""

from pathlib import Path
from typing import Protocol

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from ekspresi.system.file_names import printable

_STYLE = Path(__file__).with_name("theme.css")


class HasInterval(Protocol):
    """Describe any figure with a 95 % interval, such as ``metrics.classification.Estimate``.

    Example:
        >>> from types import SimpleNamespace
        >>> figure: HasInterval = SimpleNamespace(low=0.5, high=0.75)
        >>> format_interval(figure)
        '50.0–75.0'
    """

    @property
    def low(self) -> float | None:
        """Return the lower end of the interval, 0..1; None without an interval."""
        ...

    @property
    def high(self) -> float | None:
        """Return the upper end of the interval, 0..1; None without an interval."""
        ...


def load_page_template(path: Path) -> Template:
    """Load a template; rendering it without one of its variables raises an error, and any file name can be rendered.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "page.html.j2")
        ...     _ = path.write_text("{{ share | percent }} % of {{ faces | thousands }}")
        ...     load_page_template(path).render(share=0.123, faces=12)
        '12.3 % of 12'

    Args:
        path: of a Jinja template.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_as_unicode,
    )
    environment.filters.update(percent=format_share, interval=format_interval, thousands=_thousands)
    environment.globals["style"] = Markup(_STYLE.read_text(encoding="utf-8"))
    return environment.from_string(path.read_text(encoding="utf-8"))


def format_share(share: float) -> str:
    """Write a fraction in percent with one decimal, without the sign.

    Example:
        >>> format_share(0.1234)
        '12.3'

    Args:
        share: 0..1.
    """
    return f"{100 * share:.1f}"


def format_interval(estimate: HasInterval) -> str:
    """Write the 95 % interval of a figure in percent.

    Example:
        >>> from types import SimpleNamespace
        >>> format_interval(SimpleNamespace(low=None, high=None))
        'no interval'

    Args:
        estimate: a figure between 0 and 1 with its interval.
    """
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return f"{100 * estimate.low:.1f}–{100 * estimate.high:.1f}"


def _as_unicode(value: object) -> object:
    """Write a text that no file takes, because a file name in it is not UTF-8, as ``printable`` does."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return printable(value)
    return value


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")
