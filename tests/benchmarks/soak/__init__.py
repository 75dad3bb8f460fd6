"""A server under load for a long time, and what it holds meanwhile: ``nox -s soak``."""
