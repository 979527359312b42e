"""Describe each call to a service, and read its answer.

In: pictures and options; the service's HTTP answer. Out: what to send; faces, predictions, or a ``ServiceError``. Does
not know how requests are sent. Needs no ONNX Runtime.
"""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.errors import ImageError, ServiceError
from ekspresi.imaging.images import ImageInput, as_rgb, require_regular
from ekspresi.recognition.preprocessing import check_crops
from ekspresi.service.wire import face_from, prediction_from
from ekspresi.system.file_names import printable
from ekspresi.types import Face, Prediction

CropInput = NDArray[np.uint8] | str | os.PathLike[str] | bytes
"""A crop as an array, uint8 (H, W), (H, W, 1) or (H, W, 3) RGB, as a path, or as the bytes of a picture file."""

JPEG_QUALITY = 95
"""Quality of the JPEG pictures that frames are sent as, with colors at full size."""

_FILES = (str, os.PathLike, bytes)
_BLANK = np.zeros((1, 1), np.uint8)
_FASTEST = 1
"""Compression of PNG files: more costs time, and saves little on noisy pictures."""
_LONGEST_DETAIL = 500
"""Characters of a service's own words in an error."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """Describe one request, which may be sent several times.

    Example:
        >>> Call("GET", "/v1/model", read=dict).path
        '/v1/model'

    Attributes:
        method: 'GET' or 'POST'.
        path: of the address, without the service's own.
        read: turns the JSON value of the answer into a result.
        params: of the query.
        content: body.
        files: parts of a multipart body instead: field, (file name, bytes).
    """

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    files: tuple[tuple[str, tuple[str, bytes]], ...] | None = None

    def result_of(self, outcome: httpx.Response | httpx.HTTPError, address: str) -> T:
        """Return the result of the last attempt.

        Args:
            outcome: the answer, or the error that came instead of one.
            address: of the service, for messages.

        Raises:
            ServiceError: there is no answer, or it is not the expected one.
        """
        if isinstance(outcome, httpx.HTTPError):
            raise unreachable_error(outcome, address)
        if not outcome.is_success:
            raise refusal_error(outcome.status_code, outcome.headers.get("Location"), outcome.content, address)
        try:
            return self.read(outcome.json())
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise _foreign_error(address, "gives an answer that is not one of ekspresi") from error


def analyze_call(image: ImageInput, options: Mapping[str, Any]) -> Call[list[Face]]:
    """Describe the analysis of one picture.

    Raises:
        ImageError, TypeError, ValueError: the picture cannot be read, see ``picture_bytes``.

    Example:
        >>> call = analyze_call(np.zeros((6, 8), np.uint8), {"prior": "uniform", "min_face_px": None})
        >>> call.content[1:4], call.params
        (b'PNG', {'prior': 'uniform'})
    """
    return Call("POST", "/v1/analyze", _read_faces, query_of(options), content=picture_bytes(image))


def recognize_call(crops: Sequence[CropInput], options: Mapping[str, Any]) -> Call[list[Prediction]]:
    """Describe the recognition of crops, in order.

    Raises:
        ImageError: a file cannot be read.
        TypeError, ValueError: a crop is not of ``CropInput``; the message names its index.

    Example:
        >>> call = recognize_call([np.zeros((6, 8), np.uint8), b"GIF89a"], {})
        >>> [(field, name) for field, (name, content) in call.files]
        [('files', '0'), ('files', '1')]
    """
    if isinstance(crops, _FILES):
        raise TypeError(f"crops: {type(crops).__name__} is a single crop, not a sequence. Pass [crop].")
    check_crops(crops if isinstance(crops, np.ndarray) else [_BLANK if isinstance(c, _FILES) else c for c in crops])
    contents = [picture_bytes(crop) if isinstance(crop, _FILES) else _png(crop) for crop in crops]
    files = tuple(("files", (str(number), content)) for number, content in enumerate(contents))
    return Call("POST", "/v1/recognize", _read_predictions, query_of(options), files=files)


def model_call() -> Call[dict[str, Any]]:
    """Describe the question for the model.

    Example:
        >>> model_call().method
        'GET'
    """
    return Call("GET", "/v1/model", dict)


def picture_bytes(image: ImageInput) -> bytes:
    """Return a picture as the bytes of a file; files are not decoded, arrays and Pillow images become PNG.

    Raises:
        ImageError: the file cannot be read.
        TypeError, ValueError: the image has another type, see ``imaging.images.as_rgb``.

    Example:
        >>> picture_bytes(b"GIF89a"), picture_bytes(np.zeros((6, 8), np.uint8))[1:4]
        (b'GIF89a', b'PNG')
    """
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str | os.PathLike):
        try:
            require_regular(image)
            return Path(image).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ImageError(f"{image}: cannot be read ({reason}). Check the path and its permissions.") from error
    if not isinstance(image, np.ndarray | Image.Image) and callable(getattr(image, "read", None)):
        content = image.read()
        if not isinstance(content, bytes):
            raise TypeError("the file object gives text, not bytes. Open it in binary mode, 'rb'.")
        return content
    return _png(as_rgb(image))


def jpeg_bytes(image: NDArray[np.uint8]) -> bytes:
    r"""Return a frame, uint8 (H, W), (H, W, 1) or (H, W, 3) RGB, as the bytes of a JPEG file.

    Raises:
        TypeError, ValueError: the array is of another type or shape.

    Example:
        >>> jpeg_bytes(np.zeros((6, 8), np.uint8))[:2]
        b'\xff\xd8'
    """
    file = io.BytesIO()
    Image.fromarray(as_rgb(image)).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()


def unreachable_error(error: Exception, address: str) -> ServiceError:
    """Make the error of a service that gives no answer.

    Example:
        >>> str(unreachable_error(httpx.ConnectError("refused"), "http://127.0.0.1:8000"))
        'http://127.0.0.1:8000: cannot be reached (refused). Check the address, and that the service runs.'
    """
    if isinstance(error, httpx.TimeoutException | TimeoutError) and not isinstance(error, httpx.ConnectTimeout):
        return ServiceError(f"{address}: gives no answer in time. Send less at once, or raise timeout_s.")
    reason = printable(str(error) or type(error).__name__).rstrip(".")
    return ServiceError(f"{address}: cannot be reached ({reason}). Check the address, and that the service runs.")


def refusal_error(status: int, location: str | None, content: bytes, address: str) -> ServiceError:
    """Make the error of an answer that is not a success, from its problem document (RFC 9457).

    Args:
        status: of the HTTP answer.
        location: where it points to instead, if anywhere.
        content: body of the answer.
        address: of the service.

    Example:
        >>> body = b'{"status": 413, "detail": "the picture has too many bytes. Make it smaller.", "request_id": "7f"}'
        >>> str(refusal_error(413, None, body, "http://host"))
        'http://host: the picture has too many bytes. Make it smaller. (HTTP 413, request 7f)'
    """
    try:
        problem = httpx.Response(status, content=content).json()
        detail = problem["detail"]
        if not isinstance(detail, str):
            raise TypeError
    except (ValueError, TypeError, LookupError, RecursionError):
        if location is not None and 300 <= status < 400:
            to = f"sends its callers to {printable(location[:_LONGEST_DETAIL])}"
            return ServiceError(f"{address}: {to}. Use that address.", status)
        return _foreign_error(address, f"answers {status}, without the words of ekspresi", status)
    request = problem.get("request_id")
    which = f", request {printable(str(request)[:80])}" if request else ""
    return ServiceError(f"{address}: {printable(detail[:_LONGEST_DETAIL])} (HTTP {status}{which})", status)


def _foreign_error(address: str, what: str, status: int | None = None) -> ServiceError:
    return ServiceError(f"{address}: {what}. Check the address, and the proxy before the service.", status)


def query_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the query of the options that are given.

    Example:
        >>> query_of({"labels": ("fear", "anger"), "prior": None, "min_face_px": 24})
        {'labels': 'fear,anger', 'min_face_px': '24'}
    """
    return {
        name: ",".join(value) if isinstance(value, list | tuple) else str(value)
        for name, value in options.items()
        if value is not None
    }


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    flat = image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image
    Image.fromarray(flat).save(file, "PNG", compress_level=_FASTEST)
    return file.getvalue()


def _read_faces(answer: Any) -> list[Face]:
    return [face_from(values) for values in answer["faces"]]


def _read_predictions(answer: Any) -> list[Prediction]:
    return [prediction_from(values) for values in answer["faces"]]
