"""A year bound: what goes together, front matter, stamps, sealing, and their check (QS/PA758A 5.5.6)."""
