"""One process with many files or many connections, and workers that share the list of files."""
