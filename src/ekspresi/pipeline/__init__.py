"""Turn images or frames into faces with predictions: detect, recognize, track and fuse."""
