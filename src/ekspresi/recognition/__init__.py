"""Turn face crops into calibrated predictions with a model file."""
