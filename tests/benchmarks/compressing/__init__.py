"""What compressing costs beside the peers: ``nox -s bench_compress``. See docs/performance.md."""
