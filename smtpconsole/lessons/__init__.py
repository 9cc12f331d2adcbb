"""Lessons: Markdown files that watch what a learner really says."""

from smtpconsole.lessons import kinds

__all__ = ["kinds"]  # its checks are registered
