"""Read data sets from disk: one module for each, whose docstring states layout, counts and license."""
