"""Name the suites of low resolution.

A module of its own, so that a command line can list them without loading anything.
"""

SUITES = ("clean", "kernels", "cctv")
"""How faces are shrunk to be measured at small sizes: by antialiased area; by any other kernel at random; by an
imitated poor camera. All of them are synthetic."""
