"""The query of a spec -> what a reader is asked for.

In: a text like 'frames=3&neutral=yes' and the options that a reader declares. Out: its keyword arguments. Knows
no reader and no data set.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ekspresi.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Option:
    """One option that a reader takes.

    Attributes:
        expects: the values it may have, in words.
        parse: the text of a value -> the value; raises ValueError or KeyError for any other text.
    """

    expects: str
    parse: Callable[[str], Any]


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(text)
    return int(text)


WHOLE_NUMBER = Option("a whole number from 1", _whole_number)
YES_OR_NO = Option("yes or no", {"yes": True, "no": False}.__getitem__)


def arguments_from(query: str, declared: Mapping[str, Option], reader: str) -> dict[str, Any]:
    """A query and the options that a reader declares -> its keyword arguments.

    Raises:
        DatasetError: the reader takes no options, or one is unknown, given twice, or has a value it may not have.
    """
    if not declared:
        raise DatasetError(f"{reader} takes no options; leave out '?{query}'")
    known = ", ".join(f"{name} ({option.expects})" for name, option in declared.items())
    arguments: dict[str, Any] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name not in declared:
            raise DatasetError(f"'{part}' is no option of {reader}, which takes {known}")
        if name in arguments:
            raise DatasetError(f"the option {name} of {reader} is given twice in '?{query}'; keep one")
        try:
            arguments[name] = declared[name].parse(value)
        except (ValueError, KeyError) as error:
            raise DatasetError(f"'{part}': the option {name} of {reader} is {declared[name].expects}") from error
    return arguments
