"""Turn keys and values of a file or of flags into a frozen model.

In: a model, values as TOML gives them, and their source. Out: the model, or a ``ConfigError`` with a line for each
problem. Only this module turns errors of pydantic into sentences. They read
``<file or flags>: <key> = <value>: <problem>. <fix>.`` The values of fields with ``repr=False`` are secret and never
shown. Does not know about any key. Needs pydantic, which the extras [train] and [serve] bring.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from ekspresi.errors import ConfigError

_REFUSED = "refused"
_LONGEST_VALUE = 60
"""Number of characters of a value that a message shows."""

_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
}
"""Type of an error -> the expected value, in words."""

_OUTSIDE = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number")
_EMPTY = ("missing", "string_too_short", "too_short")


class Settings(BaseModel):
    """Base every configuration: frozen, finite, typed as TOML is, and without unknown keys.

    >>> class Camera(Settings):
    ...     fps: int = 25
    >>> Camera(fps=30).changed(fps=5)
    Camera(fps=5)
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    special: ClassVar[Mapping[str, str]] = {}
    """Key -> problem and fix, for a key that must be set, or that must not be set here."""

    def changed(self, **changes: Any) -> Self:
        """Copy the settings with some values changed, and check them all again.

        Raises:
            ConfigError: a key is unknown, or a value has the wrong type or is out of range.
        """
        return validate_settings(type(self), {**dict(self), **changes}, "changed settings")


S = TypeVar("S", bound=Settings)


def make_refusal(problem: str) -> PydanticCustomError:
    """Make the error that a validator raises.

    Args:
        problem: text of the form ``<problem>. <fix>.``

        >>> str(make_refusal("is odd. Give an even number."))
        'is odd. Give an even number.'
    """
    return PydanticCustomError(_REFUSED, "{problem}", {"problem": problem})


def read_toml(path: Path, example: str) -> dict[str, Any]:
    """Read the keys and values of a TOML file.

    Args:
        path: the file.
        example: a file that the message of a missing one names.

    Raises:
        ConfigError: the file is missing, unreadable or not TOML.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "a.toml"
        ...     _ = file.write_text("epochs = 3")
        ...     read_toml(file, "b.toml")
        {'epochs': 3}
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: the file does not exist. Name a TOML file, for example {example}.") from error
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Name a TOML file, for example {example}."
        ) from error
    except ValueError as error:  # from tomllib, from UTF-8, and from numbers with thousands of digits
        raise ConfigError(f"{path}: is not TOML ({error}). Correct the file.") from error


def validate_settings(
    model: type[S], values: Mapping[str, Any], where: str, origins: Mapping[str, str] | None = None
) -> S:
    """Check keys and values, and make the model of them.

    Args:
        model: the class of the settings.
        values: keys and values as TOML gives them.
        where: source of the values for messages, a file or 'flags'.
        origins: key -> its source, for keys that come from elsewhere, such as 'flags'.

    Raises:
        ConfigError: a key is unknown, or a value has the wrong type or is out of range; a line for each problem.

        >>> class Camera(Settings):
        ...     fps: int = 25
        >>> validate_settings(Camera, {"fps": "fast"}, "camera.toml")
        Traceback (most recent call last):
        ...
        ekspresi.errors.ConfigError: camera.toml: fps = "fast": is text. Give a whole number.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        found = error.errors(include_url=False)
        paths = [each["loc"] for each in found]
        problems = [
            _sentence(model, values, each, (origins or {}).get(str(each["loc"][0]), where))
            for each in found
            # Pydantic reports a list with a bad item a second time, as too short.
            if not any(path[: len(each["loc"])] == each["loc"] != path for path in paths)
        ]
        raise ConfigError(*problems) from error


def format_toml(value: Any) -> str:
    """Write a value as TOML, which shares strings, whole numbers and booleans with JSON.

    >>> format_toml((48, 16))
    '[48, 16]'
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(format_toml(each) for each in value)}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")


def format_range(metadata: Iterable[Any]) -> str:
    """Describe the bounds in a field's metadata, as '1 .. 512' or 'above 0'; empty without bounds.

    >>> format_range([SimpleNamespace(ge=1, le=512)])
    '1 .. 512'
    """
    bounds: dict[str, str] = {}
    for each in metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(each, name, None) is not None:
                bounds.setdefault(name, f"{getattr(each, name):.12g}")
    if {"ge", "le"} <= set(bounds):
        return f"{bounds['ge']} .. {bounds['le']}"
    words = {"ge": "of {} or more", "gt": "above {}", "le": "of {} or less", "lt": "below {}"}
    return " and ".join(words[name].format(bound) for name, bound in bounds.items())


def _sentence(model: type[Settings], values: Mapping[str, Any], each: ErrorDetails, where: str) -> str:
    """Write the message of one error."""
    *above, last = each["loc"]
    tables, pending, here, inside = [where], [], model, values
    for part in above:
        pending.append(part)
        inside = inside[part]  # type: ignore[index]
        if isinstance(part, str) and here is not None and part in here.model_fields:
            here = _model_in(here.model_fields[part].annotation)  # type: ignore[assignment]
        if isinstance(inside, Mapping):
            tables.append(_table(pending, inside))
            pending = []
    name, *items = *pending, last
    key = f"{name}{''.join(f'[{item}]' for item in items)}"
    value = each["input"]
    hidden = each["type"] == "missing" or _holds_tables(value) or _is_secret(here, str(name))
    shown = "" if hidden else f" = {_short(format_toml(value))}"
    return f"{': '.join(tables)}: {key}{shown}: {_problem(here, key, each)}"


def _problem(model: type[Settings] | None, key: str, each: ErrorDetails) -> str:
    """Describe the problem and its fix."""
    kind, context = each["type"], each.get("ctx", {})
    special = {} if model is None else model.special
    fields = {} if model is None else model.model_fields
    if kind == _REFUSED:
        return each["msg"]
    if kind in (*_EMPTY, "extra_forbidden") and key in special:
        return special[key]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, fields, n=2)
        if near:
            return f"is an unknown key. Use {' or '.join(near)}, or remove it."
        return f"is an unknown key. Remove it, or use one of {', '.join(fields)}."
    if kind in _EMPTY:
        return f"is {'missing' if kind == 'missing' else 'empty'}. Set it."
    if kind in _WANTED:
        return f"is {_kind(each['input'])}. Give {_WANTED[kind]}."
    if kind == "literal_error":
        return f"is not a valid choice. Choose {context['expected']}."
    if kind in _OUTSIDE:
        bounds = format_range([*(fields[key].metadata if key in fields else ()), SimpleNamespace(**context)])
        return f"is out of range. Choose a number {f'in {bounds}' if ' .. ' in bounds else bounds or 'that is finite'}."
    return f"is refused ({each['msg']}). Change it."


def _model_in(annotation: Any) -> type[Settings] | None:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)


def _table(path: list[Any], values: Mapping[str, Any]) -> str:
    """Name a table as its file does: one of many by its own name, or else by its number."""
    name, *items = path
    if not items:
        return f"[{name}]"
    given = values.get("name")
    return f"[[{name}]] {repr(given) if isinstance(given, str) else items[0] + 1}"


def _is_secret(model: type[Settings] | None, key: str) -> bool:
    """Return whether a key holds a secret, or is unknown and may be a misspelt one that does."""
    fields = {} if model is None else model.model_fields
    return not all(field.repr for field in ([fields[key]] if key in fields else fields.values()))


def _holds_tables(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list | tuple) and any(map(_holds_tables, value)))


def _kind(value: Any) -> str:
    kinds: list[tuple[Any, str]] = [
        (bool, "a boolean"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (str, "text"),
        (list | tuple, "a list"),
        (Mapping, "a table"),
    ]
    return next((name for kind, name in kinds if isinstance(value, kind)), "a date or a time")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
