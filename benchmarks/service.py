"""Load a service from a second process on this machine, and check every answer.

In: a service that this script starts, or the address of one. Out: a printed table and, with ``--out``, JSON with the
machine and the date. ``service_load`` says how answers are checked.

    python benchmarks/service.py [--seconds 10] [--minutes 3] [--out service.json] [--address URL [--key KEY]]

Needs the extra [serve]. Client and service share the machine. The phases:

    crops      16 crops in each request, 8 clients, one request after the other
    single     one crop in each request, 32 clients
    overload   single crops at three times the rate of the phase before, for half of its time: the service refuses some
    recovery   16 clients after that: no request is refused any more
    memory     mixed requests of 4 clients for some minutes; memory of the service at the end against its first third

The whole run is bounded: four times ``--seconds`` and ``--minutes``, and some seconds more. Where other programs share
the machine, compare processor times: for each face, those of the service, of this process, and of a recognizer alone.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from ekspresi.pipeline.analyzer import analyze
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.machine import cpu_name, versions_of
from service_load import EXAMPLES, Load, Tally, closed_loop, make_markers, open_http, open_loop

CROPS, CROPS_CLIENTS = 16, 8
SINGLE_CLIENTS = 32
RECOVERY_CLIENTS = 16
MEMORY_CLIENTS = 4
TIMES = 3
MOST_OPEN = 512
PICTURE = EXAMPLES / "astronaut.jpg"
PAUSE_S = 0.2
CROP_PX = 24
ALONE_S = 2.0
READY_S = 60
VERSIONS = ("ekspresi", "numpy", "onnxruntime", "pillow", "fastapi", "starlette", "uvicorn", "h11", "python-multipart")


@contextmanager
def running_service(arguments: list[str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start ``ekspresi serve`` on a free port, wait until it is ready, and stop it by SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ekspresi", "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + READY_S
        while not _is_ready(address):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the service did not start: run {' '.join(command)} to see why")
            time.sleep(0.1)
        yield address, process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used so far, in seconds, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return the memory of a process in MB (resident set), from /proc."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


async def measure(address: str, key: str | None, seconds: float, minutes: float, pid: int | None) -> dict[str, Any]:
    """Run all phases; return the figures of each."""
    found: dict[str, Any] = {}
    faces, picture = len(analyze(PICTURE)), PICTURE.read_bytes()
    async with open_http(address, key, MOST_OPEN) as http:
        load = Load(http, make_markers())
        found["recognizer_alone"] = measure_recognizer()

        async def single(tally: Tally) -> float:
            return await load.send(1, tally)

        async def several(tally: Tally) -> float:
            return await load.send(CROPS, tally)

        async def mixed(tally: Tally) -> float:
            await load.analyze(picture, faces, tally)
            for _ in range(4):
                await load.send(CROPS, tally)
                await load.send(1, tally)
            return PAUSE_S

        async def run(name: str, clients: int, send: Callable[[Tally], Awaitable[float]]) -> None:
            service_s, own_s = 0.0 if pid is None else processor_s(pid), time.process_time()
            tally = await closed_loop(clients, seconds, send)
            found[name] = show(name, tally)
            if pid is not None and tally.faces:
                found[name]["service_processor_ms_per_face"] = round(
                    1e3 * (processor_s(pid) - service_s) / tally.faces, 2
                )
                found[name]["client_processor_ms_per_face"] = round(
                    1e3 * (time.process_time() - own_s) / tally.faces, 2
                )
                print(f"{'':10} {list(found[name].items())[-2:]}", flush=True)

        await closed_loop(SINGLE_CLIENTS, 1.0, single)  # opens the connections
        await run("crops", CROPS_CLIENTS, several)
        await run("single", SINGLE_CLIENTS, single)
        rate = TIMES * found["single"]["answered_per_s"]
        overload, skipped = await open_loop(rate, seconds / 2, MOST_OPEN, single)
        found["overload"] = show("overload", overload) | {"sent_per_s": round(rate, 1), "not_sent": skipped}
        await asyncio.sleep(1)  # as Retry-After says
        await run("recovery", RECOVERY_CLIENTS, single)
        if minutes and pid is not None:
            found["memory"] = await measure_memory(minutes, pid, mixed)
    return found


def measure_recognizer() -> dict[str, float]:
    """Time the recognizer of this process, without a service, on batches of 16 crops."""
    recognizer, crops = Recognizer(), [np.full((CROP_PX, CROP_PX), 90, np.uint8)] * CROPS
    recognizer.predict(crops)
    began, began_s, faces = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < ALONE_S:
        recognizer.predict(crops)
        faces += CROPS
    figures = {
        "faces_per_s": round(faces / (time.perf_counter() - began), 1),
        "processor_ms_per_face": round(1e3 * (time.process_time() - began_s) / faces, 2),
    }
    print(f"{'alone':10} {figures}", flush=True)
    return figures


async def measure_memory(minutes: float, pid: int, mixed: Any) -> dict[str, Any]:
    """Load a service for some minutes, and read its memory each second."""
    readings: list[float] = []

    async def read() -> None:
        while True:
            readings.append(memory_mb(pid))
            await asyncio.sleep(1)

    reader = asyncio.ensure_future(read())
    tally = await closed_loop(MEMORY_CLIENTS, 60 * minutes, mixed)
    reader.cancel()
    third = len(readings) // 3
    late = readings[third:]
    slope = float(np.polyfit(np.arange(len(late)), late, 1)[0]) * 60 if len(late) > 2 else float("nan")
    memory = {
        "start_mb": round(readings[0], 1),
        "median_of_second_third_mb": round(float(np.median(readings[third : 2 * third])), 1),
        "median_of_last_third_mb": round(float(np.median(readings[2 * third :])), 1),
        "highest_mb": round(max(readings), 1),
        "growth_after_first_third_mb_per_minute": round(slope, 2),
    }
    print(f"{'':10} {memory}", flush=True)
    return show("memory", tally) | memory


def show(name: str, tally: Tally) -> dict[str, Any]:
    """Print a phase, and return its figures."""
    figures: dict[str, Any] = dict(tally.figures())
    print(
        f"{name:10} {figures['answered_per_s']:8.1f} requests/s {figures['faces_per_s']:8.1f} faces/s   "
        f"p50 {figures['p50_ms']:7.1f} ms   p99 {figures['p99_ms']:7.1f} ms   {figures['outcomes']}",
        flush=True,
    )
    for example in tally.examples:
        print(f"           {example}", flush=True)
    return figures


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=10, help="duration of each phase")
    parser.add_argument(
        "--minutes", type=float, default=3, help="duration of the phase that watches memory; 0 for none"
    )
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--address", help="of a service that runs already; its memory is not read")
    parser.add_argument("--key", help="its API key")
    parser.add_argument("serve", nargs="*", help="flags of the service that is started, after --")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    if options.address:
        found = asyncio.run(measure(options.address, options.key, options.seconds, options.minutes, None))
    else:
        with running_service(options.serve) as (address, process):
            found = asyncio.run(measure(address, None, options.seconds, options.minutes, process.pid))
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": cpu_name(),
        "load_before": round(load_before, 2),
        "versions": versions_of(VERSIONS),
        "service_flags": options.serve,
        "phases": found,
    }
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
