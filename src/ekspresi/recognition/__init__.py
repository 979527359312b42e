"""Turn face crops into calibrated predictions. ``recognizer`` runs a model file; the rest says what the file means."""
