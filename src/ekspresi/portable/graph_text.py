"""Write the graph of a portable model in ONNX's text format, for the metadata of a model file.

In: metadata, the names of the network's outputs, choices. Out: text, in which ``NETWORK`` stands for the network. The
steps are those of ``Analyzer`` and ``Recognizer``, in their order; ``functions`` has the longer ones. Does not know the
numbers of a model: the text only names them.
"""

from collections.abc import Sequence

from ekspresi.portable.functions import FUNCTIONS, HEAD
from ekspresi.recognition.metadata import ModelMetadata

NETWORK = "Network"
"""Operation that stands for the network, until its nodes replace it."""

PREFIX = "network_"
"""Begins all names of the network's own graph."""


def write_graph_text(metadata: ModelMetadata, outputs: Sequence[str], *, restricted: bool, all_inputs: bool) -> str:
    """Write the whole graph.

    Example:
        >>> from ekspresi.recognition.recognizer import Recognizer
        >>> text = write_graph_text(Recognizer().metadata, ["network_logits"], restricted=False, all_inputs=False)
        >>> "network_logits = ekspresi.Network (network_tensor)" in text
        True

    Args:
        metadata: of the model file.
        outputs: names of the network's outputs with ``PREFIX``: the logits, and log2 of the sizes if it has them.
        restricted: not all labels may be answered.
        all_inputs: see ``ekspresi.portable``.
    """
    return "\n".join(
        [
            HEAD,
            _signature(metadata, all_inputs),
            "{",
            _rectangles(all_inputs),
            _crops(metadata.preprocessing.kernel),
            f"{', '.join(outputs)} = ekspresi.{NETWORK} ({PREFIX}tensor)",
            _sizes(outputs, bool(metadata.size_correction), all_inputs),
            _answers(metadata.calibration is not None, restricted),
            "}",
            FUNCTIONS,
        ]
    )


def _signature(metadata: ModelMetadata, all_inputs: bool) -> str:
    """Write the name, the inputs and the outputs of the graph."""
    classes = len(metadata.labels)
    inputs = ["uint8[H, W, C] image", "float[N, 4] boxes"]
    if all_inputs:
        inputs += ["int32[M, 4] crops"]
    if metadata.calibration is not None:
        inputs += [f"float[{classes}] prior"]
    if all_inputs:
        inputs += ["float[A] assumed_px"]
    outputs = [
        f"float[F, {classes}] probabilities",
        "float[F] effective_px",
        "bool[F] abstained",
        "float[F] threshold",
    ]
    return f"ekspresi ({', '.join(inputs)}) => ({', '.join(outputs)})"


def _rectangles(all_inputs: bool) -> str:
    """Write boxes and ready crops -> rectangles (F, 4) of left, top, width, height; none becomes the whole image."""
    lines = """
    height = Shape <start = 0, end = 1> (image)
    width = Shape <start = 1, end = 2> (image)
    no_offset = Constant <value = int64[1] {0}> ()
    whole_row = Concat <axis = 0> (no_offset, no_offset, width, height)
    first_axis = Constant <value = int64[1] {0}> ()
    one = Constant <value = int64[1] {1}> ()
    whole_image = Unsqueeze (whole_row, first_axis)
    squares = ekspresi.squares (boxes, scale, shift_y)
    """
    if all_inputs:
        lines += """
    corners = Cast <to = 7> (crops)
    crop_left, crop_top, crop_right, crop_bottom = Split <axis = 1, num_outputs = 4> (corners)
    crop_width = Sub (crop_right, crop_left)
    crop_height = Sub (crop_bottom, crop_top)
    ready = Concat <axis = 1> (crop_left, crop_top, crop_width, crop_height)
    wanted = Concat <axis = 0> (squares, ready)
        """
    else:
        lines += "wanted = Identity (squares)"
    return f"""{lines}
    wanted_count = Shape <start = 0, end = 1> (wanted)
    count = Max (wanted_count, one)
    wanted_or_whole = Concat <axis = 0> (wanted, whole_image)
    rectangles = Slice (wanted_or_whole, no_offset, count, first_axis)
    """


def _crops(kernel: str) -> str:
    """Write rectangles -> the network's input (F, 1, S, S), as ``Preprocessing.tensor``, and the sides in pixels."""
    return f"""
    trips = Squeeze (count)
    always = Constant <value = bool {{1}}> ()
    stacked, stacked_px = Loop (trips, always) <body = each (int64 i, bool going_on) => (
        bool still, float[1, S, S] input, double side_px
    ) {{
      still = Identity (going_on)
      rectangle = Gather <axis = 0> (rectangles, i)
      left, top, across, down = Split <axis = 0, num_outputs = 4> (rectangle)
      pixels = ekspresi.cut (image, left, top, across, down)
      gray = ekspresi.gray (pixels, luma)
      seen_down = Min (down, largest_px)
      seen_across = Min (across, largest_px)
      mean_rows = ekspresi.area (down, seen_down)
      mean_columns = ekspresi.area (across, seen_across)
      mean_down = MatMul (mean_rows, gray)
      mean_columns_t = Transpose <perm = [1, 0]> (mean_columns)
      seen = MatMul (mean_down, mean_columns_t)
      rows = ekspresi.{kernel} (seen_down, input_px)
      columns = ekspresi.{kernel} (seen_across, input_px)
      resized_down = MatMul (rows, seen)
      columns_t = Transpose <perm = [1, 0]> (columns)
      resized = MatMul (resized_down, columns_t)
      scaled = Mul (resized, gray_factor)
      normalized = Sub (scaled, gray_offset)
      input = Unsqueeze (normalized, channel_axis)
      shorter = Min (across, down)
      shorter_scalar = Squeeze (shorter)
      side_px = Cast <to = 11> (shorter_scalar)
    }}>
    # Some runtimes stack scalars and maps with an axis more or less than the standard asks for.
    {PREFIX}tensor = Reshape (stacked, tensor_shape)
    face_px = Reshape (stacked_px, list_shape)
    """


def _sizes(outputs: Sequence[str], corrected: bool, all_inputs: bool) -> str:
    """Write the second output of the network -> effective sizes, as ``correct_sizes`` and ``Recognizer.logits``."""
    lines = "own_px = Identity (face_px)"
    if len(outputs) > 1:
        lines = f"""
    octaves = Cast <to = 11> ({outputs[1]})
    no_octave = Constant <value = double {{0}}> ()
    most_octaves = Constant <value = double {{16}}> ()
    sane_octaves = Clip (octaves, no_octave, most_octaves)
    base = Constant <value = double {{2}}> ()
    estimated_px = Pow (base, sane_octaves)
    """
        lines += _corrected() if corrected else "corrected_px = Identity (estimated_px)\n"
        lines += "own_px = Min (corrected_px, face_px)"
    if not all_inputs:
        return f"{lines}\nseen_px = Identity (own_px)"
    return f"""{lines}
    assumed_count = Shape (assumed_px)
    assumed = Cast <to = 11> (assumed_px)
    either_px = Concat <axis = 0> (assumed, own_px)
    face_zero = Constant <value = int64 {{0}}> ()
    face_step = Constant <value = int64 {{1}}> ()
    face_numbers = Range (face_zero, trips, face_step)
    estimates_wanted = Sub (one, assumed_count)
    sources = Mul (face_numbers, estimates_wanted)
    seen_px = Gather <axis = 0> (either_px, sources)
    """


def _corrected() -> str:
    return """
    log_estimated = Log (estimated_px)
    log_change = ekspresi.interpolate (log_estimated, size_starts, size_widths, size_first, size_rises)
    change = Exp (log_change)
    changed_px = Mul (estimated_px, change)
    corrected_px = Min (changed_px, most_px)
    """


def _answers(calibrated: bool, restricted: bool) -> str:
    """Write logits and effective sizes -> the outputs, as ``SizeCalibration`` and ``restrict``."""
    mask = "scores = Add (free_scores, mask)" if restricted else "scores = Identity (free_scores)"
    if not calibrated:
        shift = "free_scores = Identity (exact_logits)"
        decision = """
    abstained = Less (seen_px, nothing)
    threshold_exact = Mul (seen_px, nothing)
        """
    else:
        shift = """
    log_px = Log (seen_px)
    temperatures = ekspresi.interpolate (log_px, temperature_starts, temperature_widths, temperature_first,
                                         temperature_rises)
    temperature_column = Unsqueeze (temperatures, second_axis)
    cooled = Div (exact_logits, temperature_column)
    unbiased = Add (cooled, bias)
    exact_prior = Cast <to = 11> (prior)
    log_prior = Log (exact_prior)
    log_change_of_prior = Sub (log_prior, log_class_priors)
    free_scores = Add (unbiased, log_change_of_prior)
        """
        decision = """
    confidence = ReduceMax <keepdims = 0> (exact_probabilities, second_axis)
    needed = ekspresi.interpolate (log_px, threshold_starts, threshold_widths, threshold_first, threshold_rises)
    is_sure = GreaterOrEqual (confidence, needed)
    is_unsure = Not (is_sure)
    is_small = Less (seen_px, smallest_px)
    abstained = Or (is_unsure, is_small)
    threshold_exact = Where (is_small, too_small, needed)
        """
    return f"""
    exact_logits = Cast <to = 11> ({PREFIX}logits)
    second_axis = Constant <value = int64[1] {{1}}> ()
    {shift}
    {mask}
    exact_probabilities = Softmax <axis = 1> (scores)
    {decision}
    probabilities = Cast <to = 1> (exact_probabilities)
    effective_px = Cast <to = 1> (seen_px)
    threshold = Cast <to = 1> (threshold_exact)
    """
