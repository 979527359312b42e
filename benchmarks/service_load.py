"""Send requests whose right answers are known to a service, and check every answer.

In: the address of a service. Out: how many requests were answered, refused, lost or answered wrongly, and how long each
took. Does not start a service.

Each crop is a marker: a face of a known answer, under a file name that no other crop has. A row with another name, or
with other probabilities than the recognizer of this process gives, is a wrong answer.
"""

import asyncio
import io
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ekspresi.pipeline.analyzer import Analyzer

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PICTURES = ("corridor.jpg", "lfw-faces.png", "astronaut.jpg")
TOLERANCE = 2e-3
"""Largest difference in probability between a batch of the service and one of this process."""
BOUNDARY = "ekspresi-benchmark"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
TIMEOUT_S = 60.0
LONGEST_RETRY_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Marker:
    """Hold a crop and its right answer.

    Attributes:
        content: bytes of a PNG file.
        probabilities: label -> probability.
    """

    content: bytes
    probabilities: dict[str, float]


@dataclass(slots=True)
class Tally:
    """Count what became of the requests of a phase.

    Attributes:
        outcomes: 'answered', 'refused' (503 with Retry-After), 'wrong', 'lost' (no answer), or a status -> requests.
        seconds: time of each answered request.
        faces: in answered requests.
        duration_s: of the phase.
        examples: of what went wrong, at most three.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    faces: int = 0
    duration_s: float = 0.0
    examples: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, float | int | dict[str, int] | list[str]]:
        """Return the figures of the phase: rates a second, and times in milliseconds."""
        times = np.array(self.seconds or [np.nan]) * 1e3
        return {
            "duration_s": round(self.duration_s, 2),
            "outcomes": dict(sorted(self.outcomes.items())),
            "answered_per_s": round(self.outcomes["answered"] / self.duration_s, 1),
            "faces_per_s": round(self.faces / self.duration_s, 1),
            "p50_ms": round(float(np.percentile(times, 50)), 1),
            "p99_ms": round(float(np.percentile(times, 99)), 1),
            "longest_ms": round(float(times.max()), 1),
            **({"examples": self.examples} if self.examples else {}),
        }


def make_markers() -> list[Marker]:
    """Crop the faces of the examples, and recognize them."""
    analyzer = Analyzer()
    crops: list[NDArray[np.uint8]] = []
    for name in PICTURES:
        picture = EXAMPLES / name
        crops.extend(analyzer.crops(picture, analyzer.detector.detect(np.asarray(Image.open(picture).convert("RGB")))))
    return [
        Marker(_png(crop), prediction.probabilities)
        for crop, prediction in zip(crops, analyzer.recognizer.predict(crops), strict=True)
    ]


def _png(crop: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(crop).save(file, "PNG")
    return file.getvalue()


class Load:
    """Send requests of markers over kept connections.

    Attributes:
        http: the connections.
        markers: are sent in turn.
    """

    def __init__(self, http: httpx.AsyncClient, markers: Sequence[Marker]) -> None:
        self.http, self.markers = http, markers
        self._numbers = count()

    async def send(self, crops: int, tally: Tally) -> float:
        """Send one request of some crops, and count what becomes of it.

        Returns:
            Seconds that the service asks to wait; 0 where it answered.
        """
        number = next(self._numbers)
        chosen = [self.markers[(number * crops + each) % len(self.markers)] for each in range(crops)]
        names = [f"{number}-{each}.png" for each in range(crops)]
        began = time.perf_counter()
        try:
            response = await self.http.post("/v1/recognize", content=_form(names, chosen), headers=HEADERS)
        except httpx.HTTPError as error:
            _note(tally, "lost", f"{type(error).__name__}: {error}")
            return 0.0
        if response.status_code == 503 and "Retry-After" in response.headers:
            tally.outcomes["refused"] += 1
            return float(response.headers["Retry-After"])
        if response.status_code != 200:
            _note(tally, str(response.status_code), response.text[:200])
            return 0.0
        if wrong := _difference(response.json()["faces"], names, chosen):
            _note(tally, "wrong", wrong)
            return 0.0
        tally.outcomes["answered"] += 1
        tally.seconds.append(time.perf_counter() - began)
        tally.faces += crops
        return 0.0

    async def analyze(self, picture: bytes, faces: int, tally: Tally) -> None:
        """Send one picture with a known number of faces, and count what becomes of it."""
        began = time.perf_counter()
        try:
            response = await self.http.post("/v1/analyze", content=picture, headers={"Content-Type": "image/jpeg"})
        except httpx.HTTPError as error:
            return _note(tally, "lost", f"{type(error).__name__}: {error}")
        if response.status_code != 200:
            return _note(tally, str(response.status_code), response.text[:200])
        found = len(response.json()["faces"])
        if found != faces:
            return _note(tally, "wrong", f"{found} faces, not {faces}")
        tally.outcomes["answered"] += 1
        tally.seconds.append(time.perf_counter() - began)
        tally.faces += faces
        return None


async def closed_loop(clients: int, seconds: float, send: Callable[[Tally], Awaitable[float]]) -> Tally:
    """Let clients send one request after the other for some seconds; a refused client waits as it is asked to."""
    tally, began = Tally(), time.perf_counter()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            await asyncio.sleep(min(await send(tally), LONGEST_RETRY_S))

    await asyncio.gather(*(client() for _ in range(clients)))
    tally.duration_s = time.perf_counter() - began
    return tally


async def open_loop(
    per_s: float, seconds: float, most_open: int, send: Callable[[Tally], Awaitable[float]]
) -> tuple[Tally, int]:
    """Send requests at a rate, whatever becomes of them; return the tally, and the number that were not sent.

    Requests are not sent while ``most_open`` have no answer, which bounds the memory of this process.
    """
    tally, began, skipped = Tally(), time.perf_counter(), 0
    tasks: set[asyncio.Task[float]] = set()
    for number in range(int(per_s * seconds)):
        await asyncio.sleep(max(began + number / per_s - time.perf_counter(), 0))
        if len(tasks) >= most_open:
            skipped += 1
            continue
        task = asyncio.ensure_future(send(tally))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    tally.duration_s = time.perf_counter() - began
    return tally, skipped


def open_http(address: str, key: str | None, connections: int) -> httpx.AsyncClient:
    """Open a pool of connections to a service."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=2)
    return httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=TIMEOUT_S, trust_env=False)


def _form(names: Sequence[str], markers: Sequence[Marker]) -> bytes:
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\nContent-Type: image/png\r\n\r\n%b\r\n'
        % (BOUNDARY.encode(), name.encode(), marker.content)
        for name, marker in zip(names, markers, strict=True)
    ]
    return b"".join((*parts, b"--%b--\r\n" % BOUNDARY.encode()))


def _difference(rows: list[dict[str, object]], names: Sequence[str], markers: Sequence[Marker]) -> str:
    """Say how an answer differs from the right one; empty where it does not."""
    if [row["source"] for row in rows] != list(names):
        return f"names {[row['source'] for row in rows][:3]}, not {list(names)[:3]}"
    for row, marker in zip(rows, markers, strict=True):
        for label, share in marker.probabilities.items():
            found = row[f"p_{label}"]
            if not isinstance(found, float | int) or abs(found - share) > TOLERANCE:
                return f"{row['source']}: {label} {found}, not {share:.4f}"
    return ""


def _note(tally: Tally, outcome: str, example: str) -> None:
    tally.outcomes[outcome] += 1
    if len(tally.examples) < 3:
        tally.examples.append(f"{outcome}: {example}")
