"""Logging in: where secrets come from, what to try, and what was said, decoded."""
