"""A template file -> a page: what all of ekspresi's pages share, the style sheet and how figures are written.

In: the path of a Jinja template. Out: a template that knows ``style`` (the style sheet), and the filters
``format_share``, ``interval`` and ``thousands``. Knows nothing of what a page says.
"""

from pathlib import Path
from typing import Protocol

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

_STYLE = Path(__file__).with_name("theme.css")


class HasInterval(Protocol):
    """Any figure with a 95 % interval, such as ``metrics.classification.Estimate``."""

    @property
    def low(self) -> float | None:
        """The lower end of the interval, 0..1; None where there is none."""
        ...

    @property
    def high(self) -> float | None:
        """The upper end of the interval, 0..1; None where there is none."""
        ...


def load_page_template(path: Path) -> Template:
    """A template file -> the template; what it names and is not given is an error."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(percent=format_share, interval=format_interval, thousands=_thousands)
    environment.globals["style"] = Markup(_STYLE.read_text(encoding="utf-8"))
    return environment.from_string(path.read_text(encoding="utf-8"))


def format_share(share: float) -> str:
    """A share 0..1 -> '12.3'."""
    return f"{100 * share:.1f}"


def format_interval(estimate: HasInterval) -> str:
    """The 95 % interval of a figure, in percent."""
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return f"{100 * estimate.low:.1f}–{100 * estimate.high:.1f}"


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")
