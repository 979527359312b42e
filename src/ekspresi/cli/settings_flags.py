"""Make a command with one flag for each key of a settings model.

In: a model, the flags that are not its keys, and a function. Out: a command of the app. Each key is declared once, in
the model. Secret keys, with ``repr=False``, get no flag. Does not know about any model. Importing one may need an
extra, so a model is loaded when its command is used.
"""

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from ekspresi.errors import MissingExtraError

if TYPE_CHECKING:
    from ekspresi.system.settings import Settings

Flag = tuple[str, Any, Any]
"""Name, type and Typer's option."""


@dataclass(frozen=True)
class SettingsCommand:
    """Describe a command whose flags are the keys of a model.

    Example:
        >>> def load():
        ...     from ekspresi.service.settings import ServiceSettings
        ...
        ...     return ServiceSettings
        >>> command = SettingsCommand("serve", "serve", "Answer.", (), load, lambda own, keys: print(keys))
        >>> app = typer.Typer()
        >>> command.add_to(app)
        >>> app(["--port", "80"], standalone_mode=False)
        {'port': 80}

    Attributes:
        name: of the command.
        extra: that the model needs.
        text: what the command does, for its help.
        own_flags: flags that are not keys of the model.
        load_model: imports the model; raises ModuleNotFoundError without the extra.
        run: gets the values of the own flags, None where not given, and the keys that were given.
    """

    name: str
    extra: str
    text: str
    own_flags: Sequence[Flag]
    load_model: "Callable[[], type[Settings]]"
    run: Callable[[dict[str, Any], dict[str, Any]], None]

    def add_to(self, app: typer.Typer) -> None:
        """Add the command to an app."""

        class Command(_Command):
            described = self

        app.command(self.name, cls=Command)(self._with_flags(self.own_flags))

    def _with_flags(self, flags: Sequence[Flag]) -> Any:
        """Make the command with the given flags."""
        own = [name for name, _, _ in self.own_flags]

        def command(**values: Any) -> None:
            given = {name: values.pop(name) for name in own}
            self.run(given, {key: value for key, value in values.items() if value is not None})

        command.__doc__ = self.text
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info])
                for name, kind, info in flags
            ]
        )
        command.__annotations__ = {name: Annotated[kind, info] for name, kind, info in flags}
        return command

    def _model_flags(self) -> list[Flag]:
        """Make one flag for each key of the model."""
        model = self.load_model()
        from ekspresi.system.settings import format_range

        flags = []
        for name, field in model.model_fields.items():
            if not field.repr:
                continue
            notes = [format_range(field.metadata)]
            if not field.is_required() and field.default not in ("", ()):
                notes.append(f"default: {field.default}")
            note = "; ".join(filter(None, notes))
            text = f"{field.description} [{note}]" if note else field.description
            flags.append((name, _kind(field.annotation) | None, typer.Option(help=text, show_default=False)))
        return flags


def _kind(annotation: Any) -> Any:
    """Find the type of a key's flag; the model refuses values that are not among its choices."""
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return list[str] if get_args(annotation)[0] is str else list[int]
    return annotation


class _Command(TyperCommand):
    """Take the flags from the model when the command is used, not earlier.

    The model needs pydantic, which comes with an extra, and other commands must not wait for its import. Without it,
    the help shows the flags that do not need it.
    """

    described: SettingsCommand
    complete = False

    def get_params(self, ctx: Any) -> Any:
        """List the options, with a flag for each key if the extra is installed."""
        if not self.complete:
            with suppress(ModuleNotFoundError):
                app = typer.Typer(add_completion=False)
                app.command()(self.described._with_flags([*self.described.own_flags, *self.described._model_flags()]))
                command = typer.main.get_command(app)
                self.params, self.callback, self.complete = command.params, command.callback, True
        return super().get_params(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Refuse everything except a request for help if the extra is missing."""
        self.get_params(ctx)
        if not self.complete:
            missing = MissingExtraError(f"ekspresi {self.described.name}", self.described.extra)
            if not set(args) & set(ctx.help_option_names):
                raise missing
            self.epilog = f"The flags of its keys are not shown: {missing}"
            args = ctx.help_option_names[:1]
        return super().parse_args(ctx, args)
