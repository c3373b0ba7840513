"""Where bytes last by their names: a folder; others pass the same tests (tests/stores/test_blobs.py)."""
