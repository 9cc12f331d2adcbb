"""Panes: they render and dispatch, and decide nothing."""
