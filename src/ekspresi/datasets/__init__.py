"""Read labelled faces, split them and check the splits for leaks.

``registry`` reads a spec such as 'ckplus48:PATH'.
"""
