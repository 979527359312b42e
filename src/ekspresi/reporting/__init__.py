"""Figures -> pages, and where figures come from.

    report.py        an evaluation -> report.json and report.html
    provenance.py    model, data, command, machine; whether a figure may leak
    plots.py         figures of an evaluation -> SVG
    svg.py           a matplotlib figure -> SVG that follows the page's colours
    pages.py         the style and the filters that all of ekspresi's pages share

Each name is loaded when it is first used: ``pages`` needs Jinja2 alone, all else the extra [eval].
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ekspresi.reporting.provenance import Asked, Provenance, provenance_of, trained_split
    from ekspresi.reporting.report import FORMAT, report_files, write_report

__all__ = ["FORMAT", "Asked", "Provenance", "provenance_of", "report_files", "trained_split", "write_report"]


def __getattr__(name: str) -> Any:
    """A public name, loaded at its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'ekspresi.reporting' has no attribute '{name}'")
    room = "report" if name in ("FORMAT", "report_files", "write_report") else "provenance"
    value = getattr(import_module(f"ekspresi.reporting.{room}"), name)
    globals()[name] = value
    return value
