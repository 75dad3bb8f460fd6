"""Hostile requests: the requirements on every response, and generators of requests."""
