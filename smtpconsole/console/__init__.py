"""What you ask: the console without a face.  All front ends share it."""
