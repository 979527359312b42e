import logging
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("av", reason="extra [video]")

import av

from ekspresi.errors import AccessError, EkspresiError, MissingExtraError, SourceError
from ekspresi.media import cameras
from ekspresi.media.cameras import camera_index, connect, has_an_end, network_camera, webcam
from ekspresi.media.frames import read_frames
from ekspresi.media.live import Retries, live_frames
from ekspresi.media.timestamps import Window
from tests.support.clips import number_of, write_clip
from tests.support.network_cameras import RtspCamera, free_port, http_camera, wait_until

LOGIN = ":".join(("user", "secret"))  # tracebacks show lines of source: the word must not stand in them
SOON = Retries(first_s=0.02, longest_s=0.1)


def all_that_is_said(error: BaseException) -> str:
    """What a log, a traceback or a curious handler could show of an error."""
    said = "".join(traceback.format_exception(error))
    chain: BaseException | None = error
    while chain is not None:
        said += f"{chain} {chain!r} {chain.args} {vars(chain)}"
        chain = chain.__cause__ or chain.__context__
    return said


def one_line(error: Exception, start: str) -> str:
    text = str(error)
    assert text.startswith(start)
    assert len(text.splitlines()) == 1
    assert "secret" not in all_that_is_said(error)
    return text


def test_camera_index_names_a_webcam() -> None:
    assert [camera_index(name) for name in (0, 2, "camera:1", "/dev/video3")] == [0, 2, 1, 3]
    assert [camera_index(name) for name in ("0", "camera:", "cam.mp4", Path("camera"), True)] == 5 * [None]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name their cameras otherwise")
@pytest.mark.parametrize("index", [97, -1])
def test_webcam_without_device_is_an_error(index: int) -> None:
    with pytest.raises(SourceError, match=r"there is no such camera, .*\. Check that it is plugged in") as caught:
        list(read_frames(index))
    one_line(caught.value, f"camera:{index}: ")


def test_webcam_on_other_systems_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "_device_names", lambda form: ["Front", "Back"])
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cameras._find_device(1) == ("1:none", "avfoundation", {"framerate": "30"})
    monkeypatch.setattr(sys, "platform", "win32")
    assert cameras._find_device(1) == ("video=Back", "dshow", {})
    with pytest.raises(SourceError, match=r"camera:2: there is no such camera, only camera:0, camera:1\. Check"):
        cameras._find_device(2)


def test_webcam_on_other_systems_gives_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    def listing(form: str) -> list[SimpleNamespace]:
        assert form == "dshow"
        kinds = {"Microphone": ["audio"], "Front": ["video"], "Back": ["video", "audio"]}
        return [SimpleNamespace(name=name, media_types=types) for name, types in kinds.items()]

    monkeypatch.setattr(av.device, "enumerate_input_devices", listing)
    assert cameras._device_names("dshow") == ["Front", "Back"]


def test_webcam_is_read_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in its place: the way from the device to frames."""
    path = write_clip(tmp_path / "a.mp4", 5)
    monkeypatch.setattr(cameras, "_find_device", lambda index: (str(path), None, {}))
    found = list(live_frames(webcam(0), "camera:0", window=Window()))
    assert found[-1].number == 4 and found[-1].source == "camera:0"


@pytest.mark.parametrize("scheme", ["rtsp", "http", "https"])
def test_connect_without_a_server_is_an_error(
    scheme: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    with pytest.raises(SourceError, match="cannot be opened") as caught:
        list(read_frames(f"{scheme}://{LOGIN}@127.0.0.1:{port}/x"))
    one_line(caught.value, f"{scheme}://***@127.0.0.1:{port}/x: ")
    assert "secret" not in caplog.text + "".join(capfd.readouterr())


def test_connect_to_an_unknown_host_is_an_error() -> None:
    with pytest.raises(SourceError, match="cannot be opened") as caught:
        list(read_frames(f"rtsp://{LOGIN}@no-such-host.invalid/x"))
    one_line(caught.value, "rtsp://***@no-such-host.invalid/x: ")


@pytest.mark.parametrize(
    ("answer", "error", "what"),
    [
        ("401 Unauthorized", AccessError, r"refuses the user or the password\. Check both"),
        ("403 Forbidden", AccessError, r"refuses the user or the password\. Check both"),
        ("404 Not Found", SourceError, r"the host has no such stream\. Check the part after"),
    ],
)
def test_network_camera_that_refuses_is_an_error(answer: str, error: type[Exception], what: str) -> None:
    with RtspCamera(1, answer=answer) as camera, pytest.raises(error, match=what) as caught:
        list(read_frames(f"rtsp://{LOGIN}@127.0.0.1:{camera.port}/x"))
    one_line(caught.value, f"rtsp://***@127.0.0.1:{camera.port}/x: ")


def test_network_camera_wrong_password_is_hidden() -> None:
    with RtspCamera(1) as camera, pytest.raises(AccessError, match="refuses") as caught:
        list(read_frames(f"rtsp://{LOGIN}-one@127.0.0.1:{camera.port}/x"))
    one_line(caught.value, "rtsp://***@127.0.0.1:")


def test_network_camera_that_is_silent_times_out() -> None:
    with RtspCamera(1, answer="nothing") as camera:
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"no answer within 0\.5 s\. Check the address") as caught:
            connect(f"rtsp://{LOGIN}@127.0.0.1:{camera.port}/x", open_s=0.5)
        assert time.monotonic() - began < 5
    one_line(caught.value, "rtsp://***@127.0.0.1:")


def test_network_camera_that_dies_reconnects() -> None:
    told: list[EkspresiError] = []
    with RtspCamera(30) as camera:
        address, shown = (f"rtsp://{user}@127.0.0.1:{camera.port}/x" for user in (LOGIN, "***"))
        found = []
        reading = live_frames(network_camera(address), shown, window=Window(), refused=told.append, retries=SOON)
        for frame in reading:
            found.append(frame)
            if camera.connections > 3:
                break
        reading.close()  # type: ignore[attr-defined]
    numbers = [frame.number for frame in found]
    assert numbers == sorted(set(numbers))
    assert all(number_of(frame.image) == frame.number % 30 % 20 for frame in found)
    times = [frame.time_s for frame in found]
    assert times == sorted(times)
    assert {frame.source for frame in found} == {shown}
    assert len(told) >= 3
    assert str(told[0]) == (
        f"{shown}: is lost (the stream ended). Check the camera and the network. Retrying in 0.02 s."
    )
    assert not any("secret" in all_that_is_said(error) for error in told)


def test_network_camera_that_stalls_is_lost() -> None:
    with RtspCamera(10, then="stall", times=1) as camera:
        open_stream = network_camera(f"rtsp://{LOGIN}@127.0.0.1:{camera.port}/x", read_s=0.3, open_s=2)
        retries = Retries(0.01, 0.01, attempts=0)
        began = time.monotonic()
        with pytest.raises(SourceError, match="cam: given up after 0 attempts"):
            list(live_frames(open_stream, "cam", window=Window(), retries=retries))
        assert time.monotonic() - began < 10


def test_network_camera_without_pictures_is_lost(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", 5, sound_s=20)
    shots = cameras._timed_frames(av.open(str(path)), "cam", picture_s=0.0)
    with pytest.raises(SourceError, match="cam: has sent no picture for 0 s"):
        list(shots)


def test_network_camera_by_http_is_read(tmp_path: Path) -> None:
    told: list[EkspresiError] = []
    with http_camera(tmp_path, frames=30) as host:
        reading = read_frames(f"http://{host}/live", refused=told.append)
        found = []
        for frame in reading:
            found.append(frame)
            if frame.number >= 35:
                break
        reading.close()  # type: ignore[attr-defined]
    assert [frame.number for frame in found] == sorted({frame.number for frame in found})
    assert found[0].image.shape == (48, 64, 3)
    # Its own clock, not the 25 frames a second that FFmpeg makes up: 0.02 s from frame to frame, and the pause.
    assert found[-1].time_s is not None and found[-1].time_s > 0.5
    assert found[0].source == f"http://***@{host.partition('@')[2]}/live"
    assert told and "is lost" in str(told[0]) and "secret" not in all_that_is_said(told[0])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_read_frames_by_http_reads_a_video_to_its_end(name: str, tmp_path: Path) -> None:
    write_clip(tmp_path / name, 60, options={"movflags": "faststart"} if name == "a.mp4" else {})
    with http_camera(tmp_path) as host:
        found = []
        for frame in read_frames(f"http://{host}/{name}", every_s=0.4):
            time.sleep(0.005)
            found.append(frame)
    assert [frame.number for frame in found] == [0, 10, 20, 30, 40, 50]
    assert [number_of(frame.image) for frame in found] == [0, 10, 0, 10, 0, 10]


def test_read_frames_by_http_names_the_refusal(tmp_path: Path) -> None:
    with http_camera(tmp_path) as host:
        bare = host.partition("@")[2]
        with pytest.raises(AccessError, match="refuses the user or the password"):
            list(read_frames(f"http://{bare}/live"))
        with pytest.raises(SourceError, match="the host has no such stream") as caught:
            list(read_frames(f"http://{host}/nothing.mp4"))
    one_line(caught.value, f"http://***@{bare}/nothing.mp4: ")


def test_has_an_end_knows_videos_from_cameras(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.ts", 5)
    with http_camera(tmp_path) as host:
        for name, ends in (("a.ts", True), ("live", False)):
            with connect(f"http://{host}/{name}") as container:
                assert has_an_end(container) is ends


def test_pace_in_a_burst_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = 100.0, list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", slept.append)
    pace = cameras._Pace()
    for stamp in (5.0, 5.04, 5.5, 5000.0, 5000.1):
        pace.wait(stamp)
    assert slept == pytest.approx([0.0, 0.04, 0.5, 0.0, 0.1])


def test_network_camera_without_pyav_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    for source in (f"rtsp://{LOGIN}@127.0.0.1:1/x", "http://127.0.0.1:1/x"):
        with pytest.raises(MissingExtraError, match=r"needs the extra \[video\]"):
            list(read_frames(source))


def test_network_camera_when_closed_leaves_no_thread(tmp_path: Path) -> None:
    import threading

    with RtspCamera(1000, rate=50) as camera:
        reading = read_frames(f"rtsp://{LOGIN}@127.0.0.1:{camera.port}/x")
        next(reading)
        reading.close()  # type: ignore[attr-defined]
        assert wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("camera ")])
        assert not any("secret" in thread.name for thread in threading.enumerate())
