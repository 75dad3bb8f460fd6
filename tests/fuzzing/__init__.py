"""Hostile requests: what is required of every answer, and what makes up requests to try it with."""
