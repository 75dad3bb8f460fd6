"""Speed and memory, compared with other packages: ``nox -s bench``. See docs/performance.md."""
