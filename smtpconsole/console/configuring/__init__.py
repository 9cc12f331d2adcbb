"""The file of settings, profiles and keys: read, judged, written, held."""
