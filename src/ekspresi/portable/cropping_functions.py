"""Write crops as functions in ONNX's text format: boxes -> rectangles, rectangles -> pixels, pixels -> gray.

In: nothing. Out: text. Each function repeats, in the same order and precision, what ``imaging.cropping`` and
``imaging.sample_values`` compute. Does not know about models or their numbers.
"""

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

# ``cropping.gray``: a gray picture keeps its values. NumPy's product adds with one rounding (FMA), as double does here.
_GRAY = """
gray (pixels, luma) => (values) {
  colors = ekspresi.opaque (pixels)
  channels = Shape <start = 2, end = 3> (colors)
  one = Constant <value = int64[1] {1}> ()
  is_single = Equal (channels, one)
  is_gray = Squeeze (is_single)
  axis = Constant <value = int64[1] {2}> ()
  values = If (is_gray) <
    then_branch = keep () => (float[H, W] kept) { kept = Squeeze (colors, axis) },
    else_branch = weigh () => (float[H, W] weighted) {
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
      flat = Squeeze (sum, axis)
      whole = Round (flat)
      least = Constant <value = float {0}> ()
      most = Constant <value = float {255}> ()
      weighted = Clip (whole, least, most)
    }
  >
}
"""

# ``sample_values.on_white``: 2 and 4 channels end with alpha; no entry of the table is a picture of 5 or more.
_OPAQUE = """
opaque (pixels) => (colors) {
  channels = Shape <start = 2, end = 3> (pixels)
  step = Constant <value = int64[1] {1}> ()
  last = Sub (channels, step)
  row = Squeeze (last)
  with_alpha = Constant <value = bool[4] {0, 1, 0, 1}> ()
  has_alpha = Gather <axis = 0> (with_alpha, row)
  colors = If (has_alpha) <
    then_branch = blend () => (float[H, W, C] blended) {
      floats = Cast <to = 1> (pixels)
      zero = Constant <value = int64[1] {0}> ()
      axis = Constant <value = int64[1] {2}> ()
      own = Slice (floats, zero, last, axis)
      alpha = Slice (floats, last, channels, axis)
      white = Constant <value = float {255}> ()
      unit = Constant <value = float {1}> ()
      share = Div (alpha, white)
      shown = Mul (own, share)
      rest = Sub (unit, share)
      light = Mul (white, rest)
      lit = Add (shown, light)
      bounded = Min (lit, white)
      blended = Round (bounded)
    },
    else_branch = plain () => (float[H, W, C] cast) { cast = Cast <to = 1> (pixels) }
  >
}
"""

CROPPING_FUNCTIONS = (_SQUARES, _CUT, _CLIPPED_RANGE, _GRAY, _OPAQUE)
"""``squares``, ``cut`` and ``gray``, and the functions that they use."""
