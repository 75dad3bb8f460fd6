"""Publishes builds to a store that keeps several releases: a folder or a bucket."""
