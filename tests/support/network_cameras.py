"""Serve cameras on 127.0.0.1 for tests: one by RTSP over TCP with H.264, one by HTTP.

They give the frames of ``clips.py`` and want ``user:secret``, as 'Basic' sends it.
"""

import base64
import io
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
from PIL import Image

from tests.support.clips import picture

AUTHORISATION = "Basic " + base64.b64encode(b"user:secret").decode()


def h264_frames(count: int, size: tuple[int, int] = (64, 48)) -> list[list[bytes]]:
    """Encode frames as NAL units; every tenth is a key frame with its parameter sets."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.framerate, encoder.gop_size = "yuv420p", 25, 10
    encoder.options = {"tune": "zerolatency", "x264-params": "repeat-headers=1:sliced-threads=0"}
    frames = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
        frame.pts = number
        frames += [_units(bytes(packet)) for packet in encoder.encode(frame)]
    return frames


def _units(stream: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1") if unit.strip(b"\0")]


class RtspCamera:
    """Serve one client at a time: some frames per connection, then the action ``then``.

    Attributes:
        port: where it listens.
        asked: the request lines that came.
        connections: how many were played so far.
    """

    def __init__(
        self, frames: int = 30, *, rate: float = 100.0, then: str = "close", answer: str | None = None, times: int = 99
    ) -> None:
        """Start the camera.

        Args:
            frames: of each connection.
            rate: frames a second as they are sent; their stamps say 25.
            then: 'close' the connection, or 'stall': say nothing more.
            answer: a status such as '404 Not Found' to every request but OPTIONS; 'nothing' to say nothing at all.
            times: connections that are played; later ones are refused.
        """
        self.asked: list[str] = []
        self.connections = 0
        self._frames, self._rate, self._then, self._answer, self._times = h264_frames(frames), rate, then, answer, times
        self._halt = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="rtsp server", daemon=True)
        self._thread.start()

    def __enter__(self) -> "RtspCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        with socket.create_connection(("127.0.0.1", self.port)):  # wakes accept()
            pass
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while not self._halt.is_set():
            client, _ = self._socket.accept()
            with client, suppress(OSError):
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.settimeout(0.05)
        waiting = b""
        while not self._halt.is_set():
            try:
                more = client.recv(4096)
            except TimeoutError:
                continue
            if not more:
                return
            waiting += more
            while b"\r\n\r\n" in waiting:
                request, waiting = waiting.split(b"\r\n\r\n", 1)
                if self._answer != "nothing" and self._reply(client, request.decode()):
                    self._play(client)
                    return

    def _reply(self, client: socket.socket, request: str) -> bool:
        """Answer a request; return whether the client asks to play."""
        line, *rest = request.split("\r\n")
        head = dict(field.split(": ", 1) for field in rest)
        method, address, _ = line.split(" ")
        self.asked.append(line)
        status, fields, body = "200 OK", {"CSeq": head["CSeq"]}, ""
        if method == "OPTIONS":
            fields["Public"] = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
        elif self._answer is not None or self.connections >= self._times:
            status = self._answer or "503 Service Unavailable"
        elif head.get("Authorization") != AUTHORISATION:
            status, fields["WWW-Authenticate"] = "401 Unauthorized", 'Basic realm="camera"'
        elif method == "DESCRIBE":
            fields |= {"Content-Type": "application/sdp", "Content-Base": address + "/"}
            body = (
                "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
                "a=control:track1\r\n"
            )
        elif method == "SETUP":
            fields |= {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1", "Session": "1"}
        else:
            fields["Session"] = "1"
        if body:
            fields["Content-Length"] = str(len(body))
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        client.sendall(f"RTSP/1.0 {status}\r\n{text}\r\n{body}".encode())
        return method == "PLAY" and status == "200 OK"

    def _play(self, client: socket.socket) -> None:
        self.connections += 1
        sequence = 0
        for number, units in enumerate(self._frames):
            for unit in units:
                marker = 0x80 if unit is units[-1] else 0
                header = struct.pack(">BBHII", 0x80, 96 | marker, sequence & 0xFFFF, number * 3600, 1)
                client.sendall(b"$\0" + struct.pack(">H", len(header) + len(unit)) + header + unit)
                sequence += 1
            if self._halt.wait(1 / self._rate):
                return
        if self._then == "stall":
            self._halt.wait(60)


@contextmanager
def http_camera(folder: Path, frames: int = 20, rate: float = 50.0) -> Iterator[str]:
    """Serve motion JPEG and a folder's files; yield 'user:secret@host:port'.

    ``/live`` is multipart, ``/jpegs`` is bare pictures after each other; ``/unsized/NAME`` is a file without
    its length.
    """
    halt = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.headers.get("Authorization") != AUTHORISATION:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
            elif self.path == "/live":
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                self._motion()
            elif self.path == "/jpegs":
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                self._motion(bare=True)
            elif (folder / self.path.removeprefix("/unsized")[1:]).is_file() and self.path.startswith("/unsized"):
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write((folder / self.path.removeprefix("/unsized/")).read_bytes())
            elif (folder / self.path[1:]).is_file():
                content = (folder / self.path[1:]).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            else:
                self.send_error(404)

        def _motion(self, bare: bool = False) -> None:
            for number in range(frames):
                jpeg = io.BytesIO()
                Image.fromarray(picture(number)).save(jpeg, "JPEG")
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.tell()}\r\n\r\n"
                try:
                    self.wfile.write(jpeg.getvalue() if bare else head.encode() + jpeg.getvalue() + b"\r\n")
                except OSError:
                    return
                if halt.wait(1 / rate):
                    return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="http server", daemon=True)
    thread.start()
    try:
        yield f"user:secret@127.0.0.1:{server.server_port}"
    finally:
        halt.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def wait_until(condition: object, patience_s: float = 10.0) -> bool:
    """Wait for a condition, a function without arguments; return whether it came true in time."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False
