"""Signed paper comes home: scans, pages given by hand, papers beside a record (QS/PA758A 5.5.5)."""
