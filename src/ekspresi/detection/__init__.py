"""Find faces in an image; ``detector`` holds the protocol and the names, and each detector has its own file."""
