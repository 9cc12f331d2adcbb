"""Scripts: read, played, expected of, and reported on."""
