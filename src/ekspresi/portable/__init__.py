"""Put a recognizer into one ONNX file that any ONNX Runtime can run without this package (extra [portable]).

A portable model takes a picture and boxes. Crop convention, gray values, resampling, network, calibration, class prior
and thresholds are all in its graph (opset 18). Its inputs:

    image          uint8 (H, W, C): gray (C = 1), gray and alpha (2), RGB (3), RGBA (4); alpha is blended with white
    boxes          float32 (N, 4): x1, y1, x2, y2 of faces in pixels of the image, as a detector gives them; they may
                   reach past the edges. With N = 0 the whole image is one crop, stretched where it is not square
    prior          float32 (K): shares of the labels, which need not sum to 1; a label of share 0 is never answered. It
                   has a default, so leave it out where that is right. Absent where the model has no calibration

Its outputs, a row for each box:

    probabilities  float32 (N, K), each row sums to 1
    effective_px   float32 (N,): effective size, at most the side of the crop
    abstained      bool (N,): the face is too small, or its confidence below the threshold
    threshold      float32 (N,): confidence from which such a face is answered; 2 where it is too small

A picture of another number of channels fails. The metadata under the key ``ekspresi`` are those of the model file, with
the labels in the order of ``probabilities``; ``ekspresi_portable`` names its origin.

``all_inputs`` makes the variant for ONNX Runtime Web, which can neither leave out an input nor read metadata. All of
its inputs are required, and there are two more:

    crops          int32 (M, 4): x1, y1, x2, y2 of ready crops in whole pixels, cut as they are, without the crop
                   convention. Their rows follow those of ``boxes``. So many crops fit in one picture and one run
    assumed_px     float32 (0,), or (1,): an effective size for all crops, instead of the estimates
"""
