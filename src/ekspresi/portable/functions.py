"""Join all functions that the text of a graph calls, and write those of the calibration.

In: nothing. Out: text that ``onnx.parser`` reads. What NumPy computes in float64 is ``double`` here, and whole numbers
are int64. Does not know about models or their numbers.
"""

from ekspresi.portable.cropping_functions import CROPPING_FUNCTIONS
from ekspresi.portable.resampling_functions import RESAMPLING_FUNCTIONS

HEAD = '<ir_version: 8, opset_import: ["" : 18, "ekspresi" : 1]>'
"""First line of a model: the version of the file format, and of the operators."""

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
    f'<domain: "ekspresi", opset_import: ["" : 18]>{text}'
    for text in (*CROPPING_FUNCTIONS, *RESAMPLING_FUNCTIONS, _INTERPOLATE)
)
"""All functions, of the domain 'ekspresi', as text."""
