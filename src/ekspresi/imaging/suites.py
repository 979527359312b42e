"""Name the suites of low resolution.

In: nothing. Out: names. Does not know about images: the command line lists the names without loading anything.
"""

SUITES = ("clean", "kernels", "cctv")
"""Ways to shrink faces for figures at small sizes, all synthetic.

'clean' shrinks by antialiased area, 'kernels' by a random other kernel, and 'cctv' imitates a poor camera.
"""
