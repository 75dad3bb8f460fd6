"""What the project costs beside its peers: ``nox -s bench``. See docs/performance.md."""
