"""Load, resample, crop and degrade images; does not know about models or results."""
