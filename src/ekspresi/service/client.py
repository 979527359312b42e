"""Call a service from Python, with the same types as ``ekspresi.analyze``.

In: the address of a service, and pictures. Out: faces, predictions and rows. A busy service is asked again
(``retries``). Does not know how a service answers. Needs the extra [serve] and no ONNX Runtime.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

import httpx

from ekspresi.errors import ConfigError
from ekspresi.imaging.images import ImageInput
from ekspresi.media.urls import redact
from ekspresi.service.calls import Call, CropInput, analyze_call, model_call, recognize_call
from ekspresi.service.client_stream import FrameInput, StreamTarget, async_stream_rows, stream_rows
from ekspresi.service.retries import RequestRetries
from ekspresi.types import Face, Prediction, PriorName, Row

CONNECT_TIMEOUT_S = 5.0
"""How long a connection may take to open, in seconds."""

T = TypeVar("T")


class Client:
    """Call a service, one request at a time; threads may share a client.

    Example:
        >>> import json, httpx
        >>> answer = dict(face_px=24, effective_px=12, expression="fear", most_likely="fear", confidence=1.0)
        >>> body = json.dumps({"faces": [{**answer, "abstained": False, "p_fear": 1.0}]})
        >>> service = httpx.MockTransport(lambda request: httpx.Response(200, content=body))  # in place of a real one
        >>> with Client("http://127.0.0.1:8000", transport=service) as client:
        ...     client.recognize([b"the bytes of a picture"])[0].answer
        'fear'

    Attributes:
        address: of the service, without user and password.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        patience_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            address: of the service, with the path where a proxy adds one.
            key: API key.
            timeout_s: how long an answer may take, in seconds.
            patience_s: longest sum of the pauses before further attempts, in seconds, where the service is busy; 0 for
                one attempt.
            transport: how httpx sends requests; None for the network.

        Raises:
            ConfigError: the address or the key cannot be one.
        """
        self.address = redact(address)
        self._target = StreamTarget(address, _headers(address, key), timeout_s, patience_s)
        self._http = httpx.Client(**_options(self._target), transport=transport)

    def analyze(
        self,
        image: ImageInput,
        *,
        min_face_px: float | None = None,
        prior: PriorName | None = None,
        labels: Sequence[str] | None = None,
    ) -> list[Face]:
        """Detect the faces of a picture and predict the expression of each.

        Args:
            image: as for ``ekspresi.analyze``. Files are sent as they are; arrays and Pillow images as PNG.
            min_face_px: width of the smallest face to detect, in pixels; None for the service's.
            prior: 'trained' or 'uniform'; None for the service's.
            labels: at least two labels that may be answered; None for all.

        Returns:
            The faces, largest first. Probabilities are rounded to 1e-6, boxes to 0.01 px.

        Raises:
            ServiceError: the service cannot be reached, refuses the picture or the key, or fails.
            ImageError, TypeError, ValueError: the picture cannot be read here, see ``calls.picture_bytes``.
        """
        return self._result(analyze_call(image, {"min_face_px": min_face_px, "prior": prior, "labels": labels}))

    def recognize(
        self, crops: Sequence[CropInput], *, prior: PriorName | None = None, labels: Sequence[str] | None = None
    ) -> list[Prediction]:
        """Predict the expression of face crops, in order, in one request.

        Args:
            crops: uint8 arrays (H, W), (H, W, 1) or (H, W, 3) RGB, paths or bytes of picture files.
            prior: see ``analyze``.
            labels: see ``analyze``.

        Raises:
            ServiceError, ImageError, TypeError, ValueError: see ``analyze``.
        """
        return self._result(recognize_call(crops, {"prior": prior, "labels": labels}))

    def model(self) -> dict[str, Any]:
        """Return what the service says about its model.

        Raises:
            ServiceError: see ``analyze``.
        """
        return self._result(model_call())

    def stream(
        self,
        frames: Iterable[FrameInput],
        *,
        min_face_px: float | None = None,
        prior: PriorName | None = None,
        labels: Sequence[str] | None = None,
    ) -> Iterator[Row]:
        """Track faces over frames, and yield a row for each face, as ``ekspresi.stream`` does.

        Frames are sent as fast as the service answers, two at a time, so none is dropped.

        Args:
            frames: bytes of JPEG or PNG files, arrays, or ``Frame`` values as ``ekspresi.read_frames`` yields them.
                Arrays are sent as JPEG. Frames without a time get the time at which the service receives them.
            min_face_px: see ``analyze``.
            prior: see ``analyze``.
            labels: see ``analyze``.

        Raises:
            ServiceError: the service cannot be reached, refuses a frame or the key, ends the session, or fails.
            TypeError, ValueError: a frame has another type.
        """
        return stream_rows(self._target, frames, {"min_face_px": min_face_px, "prior": prior, "labels": labels})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _result(self, call: Call[T]) -> T:
        retries, outcome = RequestRetries(self._target.patience_s), _UNSENT
        pause_s: float | None = 0.0
        while pause_s is not None:
            time.sleep(pause_s)
            try:
                outcome = self._http.request(call.method, call.path, **_body(call))
            except httpx.HTTPError as error:
                outcome = error
            pause_s = retries.pause_after(outcome)
        return call.result_of(outcome, self.address)


class AsyncClient:
    """Call a service from asyncio code; many requests may be under way at once.

    Its methods are those of ``Client``.

    Example:
        >>> import asyncio, httpx
        >>> async def ask() -> dict:
        ...     service = httpx.MockTransport(lambda request: httpx.Response(200, json={"labels": ["fear"]}))
        ...     async with AsyncClient("http://127.0.0.1:8000", transport=service) as client:
        ...         return await client.model()
        >>> asyncio.run(ask())
        {'labels': ['fear']}

    Attributes:
        address: of the service, without user and password.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        patience_s: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare, as ``Client`` does."""
        self.address = redact(address)
        self._target = StreamTarget(address, _headers(address, key), timeout_s, patience_s)
        self._http = httpx.AsyncClient(**_options(self._target), transport=transport)

    async def analyze(
        self,
        image: ImageInput,
        *,
        min_face_px: float | None = None,
        prior: PriorName | None = None,
        labels: Sequence[str] | None = None,
    ) -> list[Face]:
        """Detect the faces of a picture and predict the expression of each, see ``Client.analyze``."""
        options = {"min_face_px": min_face_px, "prior": prior, "labels": labels}
        call = await asyncio.to_thread(analyze_call, image, options)
        return await self._result(call)

    async def recognize(
        self, crops: Sequence[CropInput], *, prior: PriorName | None = None, labels: Sequence[str] | None = None
    ) -> list[Prediction]:
        """Predict the expression of face crops, in order, see ``Client.recognize``."""
        return await self._result(await asyncio.to_thread(recognize_call, crops, {"prior": prior, "labels": labels}))

    async def model(self) -> dict[str, Any]:
        """Return what the service says about its model."""
        return await self._result(model_call())

    def stream(
        self,
        frames: Iterable[FrameInput] | AsyncIterable[FrameInput],
        *,
        min_face_px: float | None = None,
        prior: PriorName | None = None,
        labels: Sequence[str] | None = None,
    ) -> AsyncIterator[Row]:
        """Track faces over frames, and yield a row for each face, see ``Client.stream``."""
        return async_stream_rows(self._target, frames, {"min_face_px": min_face_px, "prior": prior, "labels": labels})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _result(self, call: Call[T]) -> T:
        retries, outcome = RequestRetries(self._target.patience_s), _UNSENT
        pause_s: float | None = 0.0
        while pause_s is not None:
            await asyncio.sleep(pause_s)
            try:
                outcome = await self._http.request(call.method, call.path, **_body(call))
            except httpx.HTTPError as error:
                outcome = error
            pause_s = retries.pause_after(outcome)
        return call.result_of(outcome, self.address)


_UNSENT: httpx.Response | httpx.HTTPError = httpx.HTTPError("nothing was sent")


def _headers(address: str, key: str | None) -> dict[str, str]:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError(f"{redact(address)}: is not an address of a service. Use one such as http://127.0.0.1:8000.")
    if key is None:
        return {}
    if not key or not key.isascii() or not key.isprintable() or key != key.strip():
        raise ConfigError("key: is not an API key of printable ASCII characters. Copy it again.")
    return {"Authorization": f"Bearer {key}"}


def _options(target: StreamTarget) -> dict[str, Any]:
    return {
        "base_url": target.address,
        "headers": target.headers,
        "timeout": httpx.Timeout(target.timeout_s, connect=CONNECT_TIMEOUT_S),
    }


def _body(call: Call[Any]) -> dict[str, Any]:
    return {
        "params": call.params,
        "content": call.content,
        "files": call.files,
        "headers": {} if call.content is None else {"Content-Type": "application/octet-stream"},
    }
