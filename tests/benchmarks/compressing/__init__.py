"""Time, memory and sizes of compressing, compared with other tools: ``nox -s bench_compress``.

See docs/performance.md.
"""
