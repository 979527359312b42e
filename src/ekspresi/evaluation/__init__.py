"""Measure a model on labeled faces at every face size, and report it.

Needs the extra [eval].
"""
