"""Define the settings of the service as one frozen pydantic model.

In: flags, environment variables ``EKSPRESI_SERVE_<KEY>`` and a TOML file; an earlier one of these wins. Out: valid
``ServiceSettings``. Every field is a key of the file, a variable and, unless it is secret, a flag of
``ekspresi serve``. Does not know about HTTP.
"""

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import Field, field_validator

from ekspresi.errors import ConfigError
from ekspresi.system.settings import Settings, make_refusal, read_toml, validate_settings

ENVIRONMENT_PREFIX = "EKSPRESI_SERVE_"
"""Start of the names of environment variables; the rest is the key in upper case."""

SHORTEST_KEY = 16
"""Characters of the shortest API key: shorter ones can be guessed."""

KEY_FORM = f"{SHORTEST_KEY} or more letters, digits and punctuation marks"
KEY_REMEDY = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'."

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")

Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class ServiceSettings(Settings):
    """Set what the service answers, where, and within which limits.

    >>> ServiceSettings(port=9000).address
    'http://127.0.0.1:9000'
    """

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen at; 0.0.0.0 is every network.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen at; 0 takes a free one.")
    model: str = Field(default="", description="Model file that `ekspresi export` wrote; empty for the bundled one.")
    detector: str = Field(default="mtcnn", description="Detector: mtcnn, yunet or yunet:FILE.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Processor: auto, cpu or cuda.")
    min_face_px: float = Field(
        default=12, ge=1, le=1000, description="Width of the smallest face to search for; a request may ask for more."
    )
    prior: Literal["trained", "uniform"] = Field(
        default="trained", description="Class prior of requests that name none: trained or uniform."
    )
    strict: bool = Field(default=False, description="Answer only above the stricter thresholds of the model.")

    api_keys: tuple[str, ...] = Field(
        default=(), strict=False, repr=False, description="API keys. A request needs one of them, if there are any."
    )
    api_keys_file: str = Field(default="", description="File with one API key in each line, besides those above.")
    public_without_key: bool = Field(
        default=False, description="Listen beyond this machine without any API key: everyone there may send pictures."
    )
    cors_origins: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Origins of web pages that may call the service, such as https://example.org.",
    )

    max_bytes: int = Field(default=20_000_000, ge=1_000, le=1_000_000_000, description="Bytes of a request's body.")
    max_pixels: int = Field(
        default=50_000_000, ge=1_000, le=200_000_000, description="Pixels of a picture, or of the crops of a request."
    )
    max_faces: Count = Field(default=500, description="Faces of a picture.")
    max_crops: Count = Field(default=256, description="Crops of a request.")
    max_requests: Count = Field(default=64, description="Requests in progress; more are refused with 503.")
    max_waiting_pictures: Count = Field(default=32, description="Pictures that wait for a thread; more get 503.")
    max_waiting_crops: Count = Field(default=1024, description="Crops that wait for the network; more get 503.")
    picture_threads: int = Field(default=2, ge=1, le=64, description="Threads that decode pictures and find faces.")
    batch_crops: int = Field(
        default=16,
        ge=1,
        le=1024,
        description="Crops in one run of the network; more leave the cache of most processors.",
    )
    batch_wait_ms: float = Field(default=2, ge=0, le=1000, description="How long a crop waits for others to join it.")
    body_timeout_s: Seconds = Field(default=20, description="How long a body may take to arrive.")
    timeout_s: Seconds = Field(default=30, description="How long an answer may take after that.")
    max_streams: Count = Field(default=8, description="Streams of frames that are open; more are refused with 503.")
    stream_idle_s: Seconds = Field(default=30, description="How long a stream waits for a frame, then it is closed.")
    stream_s: float = Field(default=3600, gt=0, le=86_400, description="Longest duration of a stream.")

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(is_key, values)):
            raise make_refusal(f"has a key without {KEY_FORM}. {KEY_REMEDY}")
        return values

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(value) for value in values):
            raise make_refusal("has an item that is no origin. Give a scheme and a host, as https://example.org.")
        return values

    @property
    def address(self) -> str:
        """Return the address of the service, such as 'http://127.0.0.1:8000'."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def is_public(self) -> bool:
        """Return whether other machines can reach the host.

        >>> ServiceSettings(host="0.0.0.0").is_public, ServiceSettings(host="localhost").is_public
        (True, False)
        """
        if self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name
            return True


def is_key(text: str) -> bool:
    """Return whether a text can be an API key: long enough, and without spaces and control characters.

    >>> is_key("correct-horse-battery"), is_key("short")
    (True, False)
    """
    return len(text) >= SHORTEST_KEY and all("!" <= character <= "~" for character in text)


def read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the keys and values of the variables ``EKSPRESI_SERVE_<KEY>``; lists are separated by commas.

    Args:
        environment: names and values of variables; others are ignored.

        >>> read_environment({"EKSPRESI_SERVE_PORT": "80", "EKSPRESI_SERVE_CORS_ORIGINS": "http://a, http://b"})
        {'port': 80, 'cors_origins': ['http://a', 'http://b']}
    """
    return {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): _parse(name.removeprefix(ENVIRONMENT_PREFIX).lower(), text)
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }


def load_service_settings(
    path: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> ServiceSettings:
    """Read the settings from a TOML file, from environment variables and from flags; the later ones win.

    Args:
        path: the TOML file; None for none.
        environment: such as ``os.environ``.
        flags: keys and values of the flags that were given.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, a value has the wrong type or is out of range,
            or the service would be public without an API key.

        >>> load_service_settings(None, {"EKSPRESI_SERVE_PORT": "80"}, {"host": "::1"}).address
        'http://[::1]:80'
    """
    values = {} if path is None else read_toml(path, "serve.toml")
    variables = read_environment(environment)
    origins = {key: f"environment variable {ENVIRONMENT_PREFIX}{key.upper()}" for key in variables}
    where = "flags" if path is None else str(path)
    merged = values | variables | dict(flags)
    settings = validate_settings(ServiceSettings, merged, where, origins | dict.fromkeys(flags, "flags"))
    if settings.is_public and not (settings.api_keys or settings.api_keys_file or settings.public_without_key):
        raise ConfigError(
            f"host {settings.host}: other machines could send pictures without an API key. "
            "Set api_keys or api_keys_file, or allow it by public_without_key."
        )
    return settings


def _parse(key: str, text: str) -> Any:
    """Turn the text of a variable into what TOML gives for the type of its key; else leave it a text."""
    field = ServiceSettings.model_fields.get(key)
    if field is None or field.annotation is str or get_origin(field.annotation) is Literal:
        return text
    if get_origin(field.annotation) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
