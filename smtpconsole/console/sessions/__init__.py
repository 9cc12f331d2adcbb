"""Sessions that were kept, and what can be told of one."""
