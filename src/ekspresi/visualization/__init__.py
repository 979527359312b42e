"""Draw results on images, videos and pages. Does not know how faces are detected."""
