"""Read data sets as they lie on disk: one file for each, whose docstring states layout, counts and license."""
