"""Read frames from pictures, videos and cameras, and write videos.

    paths.py            list the files behind paths, folders and globs, in natural order
    folders.py          go through folders, also behind links, to an end
    frames.py           read the frames of any source
    pictures.py         number the frames of picture files, and download pictures behind addresses
    standard_input.py   read one picture from standard input
    urls.py             parse addresses, and hide users and passwords in them
    timestamps.py       turn stamps into rising seconds, and select frames by time
    containers.py       open containers by PyAV, and choose their video stream
    damage.py           notice damage that a decoder conceals
    deinterlacing.py    fill in the missing lines of interlaced frames
    decoder.py          decode the packets of a container
    frame_converter.py  convert decoded frames to upright RGB pictures
    seeking.py          find where decoding of a video file begins
    stated_length.py    read what a container states about its length
    video_reader.py     read the frames of a video file
    live.py             give the newest frames of a camera, and reconnect; does not know about PyAV
    cameras.py          connect to webcams and network cameras by PyAV, for live.py
    image_writer.py     write image files
    video_writer.py     write an H.264 video that a killed run leaves playable

Does not know about faces.
"""
