"""Read and write what moves: files, videos and cameras -> frames; pictures with times -> a video.

    paths.py         files, folders and globs -> paths in natural order
    frames.py        any source -> frames
    urls.py          what may be shown of an address: never its user or password
    timestamps.py    stamps -> seconds that only rise; which frames are wanted
    decoder.py       PyAV: open containers, upright pictures, its errors in one line
    video_reader.py  a video file -> frames
    live.py          a camera that may stall and die -> its newest frames; knows nothing of PyAV
    cameras.py       webcams and network addresses, opened by PyAV for live.py
    video_writer.py  pictures with times -> an H.264 video that survives a killed run

Knows nothing of faces.
"""
