"""``ekspresi serve``: answer pictures over HTTP, with one flag for each key of ``ServiceSettings``.

In: flags, environment variables, a TOML file. Out: the address, the model and the limits on standard output, the log as
JSON on standard error. Does not know how requests are answered.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ekspresi.cli.settings_flags import SettingsCommand
from ekspresi.errors import MissingExtraError
from ekspresi.system.file_names import printable

if TYPE_CHECKING:
    from fastapi import FastAPI

_TEXT = """Answer pictures and face crops over HTTP (needs the extra [serve]).

Set each key with its flag, by an environment variable EKSPRESI_SERVE_KEY, or in a TOML file (--config); flags win, then
variables. API keys come from EKSPRESI_SERVE_API_KEYS, from the TOML file, or from --api-keys-file: they have no flag,
because others on the machine can read flags. Ctrl-C and SIGTERM finish all requests that were accepted.
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    config = typer.Option(metavar="FILE", help="Read the keys below from a TOML file.", dir_okay=False)
    SettingsCommand("serve", "serve", _TEXT, [("config", Path | None, config)], _load_model, _run).add_to(app)


def _load_model() -> Any:
    from ekspresi.service.settings import ServiceSettings

    return ServiceSettings


def _run(own: dict[str, Any], keys: dict[str, Any]) -> None:
    try:
        from ekspresi.service.logs import log_as_json, stop_logging
        from ekspresi.service.server import serve
        from ekspresi.service.settings import load_service_settings
        from ekspresi.system.memory import limit_malloc_arenas
    except ModuleNotFoundError as error:
        raise MissingExtraError("ekspresi serve", "serve") from error
    settings = load_service_settings(own["config"], os.environ, keys)
    limit_malloc_arenas()  # before anything starts a thread
    handler = log_as_json(sys.stderr)
    try:
        serve(settings, _announce)
    finally:
        stop_logging(handler)


def _announce(address: str, app: "FastAPI") -> None:
    for line in describe_service(address, app):
        typer.echo(printable(line))


def describe_service(address: str, app: "FastAPI") -> list[str]:
    """Describe a service in a few lines: its address, model, limits and keys.

    Example:
        >>> from ekspresi.service.app import create_app
        >>> from ekspresi.service.settings import ServiceSettings
        >>> describe_service("http://127.0.0.1:8000", create_app(ServiceSettings(device="cpu")))[0]
        'address: http://127.0.0.1:8000'
    """
    service = app.state.service
    settings, recognizer = service.settings, service.analysis.recognizer
    has_keys = bool(settings.api_keys or settings.api_keys_file)
    return [
        f"address: {address}",
        f"model: {recognizer.metadata.name} ({recognizer.provider}), detector {settings.detector} from "
        f"{settings.min_face_px:g} px",
        f"limits: {settings.max_bytes / 1e6:g} MB and {settings.max_pixels / 1e6:g} megapixels a request, "
        f"{settings.max_faces} faces, {settings.max_crops} crops, {settings.max_requests} requests at once, "
        f"{settings.timeout_s:g} s",
        "API key: needed" if has_keys else "API key: none, everyone who reaches the address may send pictures",
        "stop: Ctrl-C or SIGTERM",
    ]
