"""Handle files, locks, downloads, memory and ONNX Runtime; does not know about faces."""
