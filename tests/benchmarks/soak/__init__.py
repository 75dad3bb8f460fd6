"""The resources of a server under load for a long time: ``nox -s soak``."""
