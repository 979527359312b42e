"""Parse the query of a spec into the options of a reader.

In: a text like 'frames=3&neutral=yes' and the options that a reader declares. Out: its keyword arguments. Does not know
about readers or data sets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ekspresi.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Option:
    """Describe one option of a reader.

    Attributes:
        expects: its allowed values, in words.
        parse: turns the text of a value into the value; raises ValueError or KeyError for any other text.

    >>> YES_OR_NO.parse("yes")
    True
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
    """Parse a query into keyword arguments of a reader.

    Args:
        query: the text after the '?' of a spec.
        declared: name -> option of the reader.
        reader: its name, for errors.

    Raises:
        DatasetError: the reader takes no options, or an option is unknown, given twice, or has an invalid value.

    >>> arguments_from("frames=3", {"frames": WHOLE_NUMBER}, "ckplus")
    {'frames': 3}
    """
    if not declared:
        raise DatasetError(f"{reader}: this reader takes no options. Remove '?{query}'.")
    known = ", ".join(f"{name} ({option.expects})" for name, option in declared.items())
    arguments: dict[str, Any] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name not in declared:
            raise DatasetError(f"{reader}: unknown option '{part}'. Use {known}.")
        if name in arguments:
            raise DatasetError(f"{reader}: the option {name} is given twice in '?{query}'. Keep one.")
        try:
            arguments[name] = declared[name].parse(value)
        except (ValueError, KeyError) as error:
            raise DatasetError(f"{reader}: '{part}' is not a valid option. Use {declared[name].expects}.") from error
    return arguments
