"""Draw what was found, on images, videos and pages. Knows nothing of how faces are found."""
