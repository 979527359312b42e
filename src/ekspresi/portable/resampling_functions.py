"""Write resampling matrices as functions in ONNX's text format, one for each kernel.

In: nothing. Out: text. Each function takes two lengths, int64 (1,), and returns float32 (n_out, n_in), as
``imaging.resampling.resize_matrix``. Weights are computed in double. Does not know about images.
"""

# ``resampling.resize_matrix``: sources (1, n_in) and positions (n_out, 1), then one kernel, then rows summing to 1.
_GRID = """
grid (n_in, n_out) => (scale, outputs, inputs) {
  zero = Constant <value = int64 {0}> ()
  one = Constant <value = int64 {1}> ()
  scalar_in = Squeeze (n_in)
  scalar_out = Squeeze (n_out)
  whole_in = Range (zero, scalar_in, one)
  whole_out = Range (zero, scalar_out, one)
  exact_in = Cast <to = 11> (n_in)
  exact_out = Cast <to = 11> (n_out)
  scale = Div (exact_in, exact_out)
  first = Constant <value = int64[1] {0}> ()
  second = Constant <value = int64[1] {1}> ()
  line = Cast <to = 11> (whole_in)
  inputs = Unsqueeze (line, first)
  column = Cast <to = 11> (whole_out)
  outputs = Unsqueeze (column, second)
}
"""

_NORMALIZE = """
normalize (weights) => (matrix) {
  axis = Constant <value = int64[1] {1}> ()
  sums = ReduceSum <keepdims = 1> (weights, axis)
  shares = Div (weights, sums)
  matrix = Cast <to = 1> (shares)
}
"""

_AREA = """
area (n_in, n_out) => (matrix) {
  scale, outputs, inputs = ekspresi.grid (n_in, n_out)
  starts = Mul (outputs, scale)
  ends = Add (starts, scale)
  one = Constant <value = double {1}> ()
  next = Add (inputs, one)
  last = Min (ends, next)
  first = Max (starts, inputs)
  shared = Sub (last, first)
  zero = Constant <value = double {0}> ()
  weights = Max (shared, zero)
  matrix = ekspresi.normalize (weights)
}
"""

_NEAREST = """
nearest (n_in, n_out) => (matrix) {
  scale, outputs, inputs = ekspresi.grid (n_in, n_out)
  half = Constant <value = double {0.5}> ()
  middles = Add (outputs, half)
  centers = Mul (middles, scale)
  whole = Floor (centers)
  one = Constant <value = int64 {1}> ()
  count = Sub (n_in, one)
  last = Cast <to = 11> (count)
  sources = Min (whole, last)
  hits = Equal (sources, inputs)
  weights = Cast <to = 11> (hits)
  matrix = ekspresi.normalize (weights)
}
"""

_DISTANCES = """
distances (n_in, n_out) => (x) {
  scale, outputs, inputs = ekspresi.grid (n_in, n_out)
  half = Constant <value = double {0.5}> ()
  one = Constant <value = double {1}> ()
  widen = Max (scale, one)
  middles = Add (outputs, half)
  centers = Mul (middles, scale)
  sources = Add (inputs, half)
  apart = Sub (sources, centers)
  scaled = Div (apart, widen)
  x = Abs (scaled)
}
"""

_BILINEAR = """
bilinear (n_in, n_out) => (matrix) {
  x = ekspresi.distances (n_in, n_out)
  one = Constant <value = double {1}> ()
  free = Sub (one, x)
  zero = Constant <value = double {0}> ()
  weights = Max (free, zero)
  matrix = ekspresi.normalize (weights)
}
"""

_BICUBIC = """
bicubic (n_in, n_out) => (matrix) {
  x = ekspresi.distances (n_in, n_out)
  c = Constant <value = double[8] {1.5, -2.5, 1, -0.5, 2.5, -4, 2, 0}> ()
  a1, a2, one, b1, b2, b3, two, zero = Split <axis = 0, num_outputs = 8> (c)
  n1 = Mul (a1, x)
  n2 = Add (n1, a2)
  n3 = Mul (n2, x)
  n4 = Mul (n3, x)
  near = Add (n4, one)
  f1 = Mul (b1, x)
  f2 = Add (f1, b2)
  f3 = Mul (f2, x)
  f4 = Add (f3, b3)
  f5 = Mul (f4, x)
  far = Add (f5, two)
  is_near = Less (x, one)
  is_far = Less (x, two)
  outer = Where (is_far, far, zero)
  weights = Where (is_near, near, outer)
  matrix = ekspresi.normalize (weights)
}
"""

_LANCZOS = """
lanczos (n_in, n_out) => (matrix) {
  x = ekspresi.distances (n_in, n_out)
  c = Constant <value = double[4] {3.141592653589793, 3, 0, 1e-20}> ()
  pi, three, zero, tiny = Split <axis = 0, num_outputs = 4> (c)
  moved = Max (x, tiny)
  wide = Mul (pi, moved)
  slow = Div (wide, three)
  wide_sin = Sin (wide)
  slow_sin = Sin (slow)
  wide_sinc = Div (wide_sin, wide)
  slow_sinc = Div (slow_sin, slow)
  both = Mul (wide_sinc, slow_sinc)
  inside = Less (x, three)
  weights = Where (inside, both, zero)
  matrix = ekspresi.normalize (weights)
}
"""

RESAMPLING_FUNCTIONS = (_GRID, _NORMALIZE, _AREA, _NEAREST, _DISTANCES, _BILINEAR, _BICUBIC, _LANCZOS)
"""One function for each name in ``resampling.KERNELS``, and those that they use."""
