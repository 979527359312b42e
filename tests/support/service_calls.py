"""Call a service in this process: requests without sockets, pictures whose gray level is their answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, TypeVar

import httpx
import numpy as np
from PIL import Image

from ekspresi.expressions import FERPLUS_LABELS
from tests.support.gray_model import level

T = TypeVar("T")
LABELS = FERPLUS_LABELS


def marker_picture(k: int, side: int = 24, form: str = "PNG") -> bytes:
    """Make a picture file of one gray level; the gray model answers label k of the eight."""
    file = BytesIO()
    Image.fromarray(np.full((side, side), level(k, len(LABELS)), np.uint8)).save(file, form)
    return file.getvalue()


@asynccontextmanager
async def client_of(app: Any) -> Any:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        yield client


def call(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    """Send one request, and return its answer."""

    async def send() -> httpx.Response:
        async with client_of(app) as client:
            response: httpx.Response = await client.request(method, path, **options)
            return response

    return asyncio.run(send())


def run_with_client(app: Any, work: Callable[[httpx.AsyncClient], Coroutine[Any, Any, T] | Awaitable[T]]) -> T:
    """Run a coroutine that takes a client of the app."""

    async def run() -> T:
        async with client_of(app) as client:
            return await work(client)

    return asyncio.run(run())
