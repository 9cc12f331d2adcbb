"""Lessons given in a console: what a learner may ask for, how a lesson is under way, and told."""
