"""A message from the draft to what became of it."""
