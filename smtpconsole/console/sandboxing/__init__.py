"""The sandbox of a session: its beginning, its faults, its side of the talk."""
