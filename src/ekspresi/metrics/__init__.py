"""Define the figures: scores, calibration errors and tests of significance. Knows nothing of models and files."""
