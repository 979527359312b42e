"""Read labelled faces, split them and check them for leaks. ``registry`` reads a spec such as 'ckplus48:PATH'."""
