"""Lessons: Markdown files that watch what a learner really says."""
