"""Follow faces through frames (``bytetrack``) and find where another shot begins (``shot_boundaries``)."""
