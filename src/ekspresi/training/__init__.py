"""Filled by its builder."""
