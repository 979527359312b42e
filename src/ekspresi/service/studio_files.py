"""Serve the studio's page, whose files need no API key.

In: GET and HEAD requests. Out: a file of the page with the page's own headers; all other requests reach the app. Only
addresses that the site lists are looked up, so no other file can be read. Does not know what the page does.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ekspresi.studio.site import HEADERS, SITE, SiteFile

_ROUTE = SimpleNamespace(path="studio")
"""Route of all files in the log and the metrics."""


@cache
def list_studio_files() -> Mapping[str, SiteFile]:
    """List the files of the page once for this process.

    >>> list_studio_files()["/"].content_type
    'text/html; charset=utf-8'
    """
    return SITE.files()


class StudioFiles:
    """Answer requests for files of a page, and let all others reach an app.

    Example:
        >>> import asyncio
        >>> async def app(scope, receive, send):
        ...     print("the app answers", scope["path"])
        >>> files = StudioFiles(app, {"/": SiteFile(b"<p>", "text/html")})
        >>> asyncio.run(files({"type": "http", "method": "GET", "path": "/../secret"}, None, None))
        the app answers /../secret
    """

    def __init__(self, app: ASGIApp, files: Mapping[str, SiteFile]) -> None:
        """Wrap an app.

        Args:
            app: answers all other requests.
            files: path of an address -> file.
        """
        self._app, self._files = app, files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        file = (
            self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        )
        if file is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = _ROUTE
        headers = {**HEADERS, "ETag": file.tag()}
        response: Response
        if Headers(scope=scope).get("if-none-match") == headers["ETag"]:
            response = Response(status_code=304, headers=headers)
        elif isinstance(file.content, Path):
            response = FileResponse(file.content, headers=headers, media_type=file.content_type)
        else:
            response = Response(file.content, headers=headers, media_type=file.content_type)
        await response(scope, receive, send)
