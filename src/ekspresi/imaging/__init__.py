"""Load, resample, crop and degrade images. Knows no model and no file of results."""
