"""Train a network on a data set and export it as a model file; only this package needs torch."""
