"""Compute scores, calibration errors and tests of significance. Does not know about models or files."""
