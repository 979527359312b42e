"""``ekspresi studio``: serve the studio's page on this machine, or export its files.

In: a port, or a folder. Out: the address of the page, or the files of a static site. Does not know what the page does.
"""

from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from ekspresi.cli.signals import stopping
from ekspresi.errors import ConfigError
from ekspresi.system.file_names import printable

DEFAULT_PORT = 8764
"""Port of the page where none is given; no known service uses it."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("studio")(_studio)


def _studio(
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="DIR", help="Write the page's files here, for any static host, and end."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            help=f"Serve on this port of this machine; 0 takes a free one. Default: {DEFAULT_PORT}.",
        ),
    ] = None,
) -> None:
    """Serve the studio: a page that recognizes expressions in your browser; no picture leaves it.

    Only this machine can reach the page. It is tested in Chromium. Ctrl-C ends it.
    """
    from ekspresi.studio.server import make_server
    from ekspresi.studio.site import SITE

    if export is not None:
        if port is not None:
            raise ConfigError("--port: --export writes files and serves nothing. Remove one of the two.")
        written = SITE.export(export)
        size = sum(path.stat().st_size for path in written)
        typer.echo(f"written: {printable(str(export))} ({len(written)} files, {size / 1e6:.1f} MB)")
        typer.echo("Let the host send the headers in _headers: for several threads, and against foreign frames.")
        return
    with make_server(SITE, DEFAULT_PORT if port is None else port) as server, stopping() as stop:
        typer.echo(f"The studio is at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        while not stop.event.wait(0.5):  # without a time-out Windows would not see Ctrl-C
            pass
        server.shutdown()
        thread.join()
    raise typer.Exit(stop.exit_code)
