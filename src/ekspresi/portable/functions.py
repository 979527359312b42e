"""Write the steps around a network as functions in ONNX's text format.

In: nothing. Out: text that ``onnx.parser`` reads. Each function repeats, in the same order and the same precision, what
a module of this package computes; its comment names the module. Whole numbers are int64, and what NumPy computes in
float64 is ``double`` here. Does not know about models or their numbers.
"""

HEAD = '<ir_version: 8, opset_import: ["" : 18, "ekspresi" : 1]>'
"""First line of a model: the version of the file format, and of the operators."""

_FUNCTION = '<domain: "ekspresi", opset_import: ["" : 18]>'

# ``CropConvention.crop``: boxes -> left, top, width, height in whole pixels. Round is half to even, as in Python.
_SQUARES = """
squares (boxes, scale, shift_y) => (rectangles) {
  exact = Cast <to = 11> (boxes)
  x1, y1, x2, y2 = Split <axis = 1, num_outputs = 4> (exact)
  width = Sub (x2, x1)
  height = Sub (y2, y1)
  longer = Max (width, height)
  two = Constant <value = double {2}> ()
  scaled = Mul (scale, longer)
  half = Div (scaled, two)
  across = Add (x1, x2)
  x = Div (across, two)
  down = Add (y1, y2)
  middle = Div (down, two)
  lower = Mul (shift_y, longer)
  y = Add (middle, lower)
  left = Sub (x, half)
  right = Add (x, half)
  top = Sub (y, half)
  reach = Sub (right, left)
  rounded = Round (reach)
  one = Constant <value = double {1}> ()
  side = Max (rounded, one)
  left_px = Round (left)
  top_px = Round (top)
  joined = Concat <axis = 1> (left_px, top_px, side, side)
  rectangles = Cast <to = 7> (joined)
}
"""

# ``CropConvention.crop``: the pixels of a rectangle; beyond the image, those of the edge.
_CUT = """
cut (image, left, top, width, height) => (pixels) {
  rows = Shape <start = 0, end = 1> (image)
  columns = Shape <start = 1, end = 2> (image)
  one_down, y = ekspresi.clipped_range (top, height, rows)
  one_right, x = ekspresi.clipped_range (left, width, columns)
  starts = Concat <axis = 0> (one_down, one_right)
  last_y = ReduceMax <keepdims = 1> (y)
  last_x = ReduceMax <keepdims = 1> (x)
  last = Concat <axis = 0> (last_y, last_x)
  one = Constant <value = int64 {1}> ()
  ends = Add (last, one)
  axes = Constant <value = int64[2] {0, 1}> ()
  part = Slice (image, starts, ends, axes)
  part_y = Sub (y, one_down)
  part_x = Sub (x, one_right)
  some = Gather <axis = 0> (part, part_y)
  pixels = Gather <axis = 1> (some, part_x)
}
"""

_CLIPPED_RANGE = """
clipped_range (first, count, length) => (smallest, indices) {
  zero = Constant <value = int64 {0}> ()
  one = Constant <value = int64 {1}> ()
  scalar = Squeeze (count)
  steps = Range (zero, scalar, one)
  free = Add (first, steps)
  last = Sub (length, one)
  below = Min (free, last)
  indices = Max (below, zero)
  smallest = ReduceMin <keepdims = 1> (indices)
}
"""

# ``sample_values.on_white`` and ``cropping.gray``. NumPy's product adds with one rounding (FMA), which double imitates.
_GRAY = """
gray (pixels, luma) => (values) {
  channels = Shape <start = 2, end = 3> (pixels)
  one = Constant <value = int64 {1}> ()
  last = Sub (channels, one)
  table = Constant <value = int64[4, 3] {0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 2}> ()
  row = Squeeze (last)
  order = Gather <axis = 0> (table, row)
  plain = Gather <axis = 2> (pixels, order)
  floats = Cast <to = 1> (plain)
  final = Gather <axis = 2> (pixels, last)
  measured = Cast <to = 1> (final)
  white = Constant <value = float {255}> ()
  with_alpha = Constant <value = bool[4] {0, 1, 0, 1}> ()
  has_alpha = Gather <axis = 0> (with_alpha, row)
  alpha = Where (has_alpha, measured, white)
  share = Div (alpha, white)
  shown = Mul (floats, share)
  unit = Constant <value = float {1}> ()
  rest = Sub (unit, share)
  light = Mul (white, rest)
  lit = Add (shown, light)
  bounded = Min (lit, white)
  colors = Round (bounded)
  exact = Cast <to = 11> (colors)
  r, g, b = Split <axis = 2, num_outputs = 3> (exact)
  of_r, of_g, of_b = Split <axis = 0, num_outputs = 3> (luma)
  red = Mul (r, of_r)
  red_float = Cast <to = 1> (red)
  red_exact = Cast <to = 11> (red_float)
  green = Mul (g, of_g)
  two = Add (green, red_exact)
  two_float = Cast <to = 1> (two)
  two_exact = Cast <to = 11> (two_float)
  blue = Mul (b, of_b)
  three = Add (blue, two_exact)
  sum = Cast <to = 1> (three)
  whole = Round (sum)
  axis = Constant <value = int64[1] {2}> ()
  flat = Squeeze (whole, axis)
  zero = Constant <value = float {0}> ()
  values = Clip (flat, zero, white)
}
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

# ``np.interp``: the first value, and for each segment the part of its rise that lies below x.
_INTERPOLATE = """
interpolate (x, starts, widths, first, rises) => (y) {
  axis = Constant <value = int64[1] {1}> ()
  column = Unsqueeze (x, axis)
  passed = Sub (column, starts)
  shares = Div (passed, widths)
  zero = Constant <value = double {0}> ()
  one = Constant <value = double {1}> ()
  bounded = Clip (shares, zero, one)
  parts = Mul (bounded, rises)
  risen = ReduceSum <keepdims = 0> (parts, axis)
  y = Add (first, risen)
}
"""

FUNCTIONS = "".join(
    f"{_FUNCTION}{text}"
    for text in (
        _SQUARES,
        _CUT,
        _CLIPPED_RANGE,
        _GRAY,
        _GRID,
        _NORMALIZE,
        _AREA,
        _NEAREST,
        _DISTANCES,
        _BILINEAR,
        _BICUBIC,
        _LANCZOS,
        _INTERPOLATE,
    )
)
"""All functions, of the domain 'ekspresi', as text."""
