"""Answers one request for one known file."""
