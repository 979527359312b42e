"""Follow faces through the frames of a video, and detect its shot boundaries."""
