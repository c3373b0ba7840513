"""Benchmarks: ratios against a peer or the limit, in one run on the same work."""
