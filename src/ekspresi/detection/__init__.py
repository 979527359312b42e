"""Find faces in an image. ``detector`` holds the protocol and the names; each detector has its own file."""
