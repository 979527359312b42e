"""Hold what concerns the machine: files, locks, downloads, memory and ONNX Runtime. Knows nothing of faces."""
