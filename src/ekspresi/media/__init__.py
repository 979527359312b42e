"""What moves: video files and live cameras -> frames.

    addresses.py     what may be shown of an address: never its user or password
    timestamps.py    stamps -> seconds that only rise; which frames are wanted
    decoding.py      PyAV: opened containers, decoded pictures turned upright, its errors in one line
    files.py         a video file -> frames
    live.py          a camera that may stall and die -> its newest frames; knows nothing of PyAV
    cameras.py       webcams and network addresses, opened by PyAV for live.py

Knows nothing of faces, and nothing of how files are found.
"""
