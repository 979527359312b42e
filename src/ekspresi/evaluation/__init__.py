"""Measure a model on labelled faces at every face size, and report it. Needs the extra [eval]."""
