"""Logs, globs, fork handling and lazy imports."""
