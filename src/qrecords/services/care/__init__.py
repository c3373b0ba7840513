"""The archive kept whole: check, back up, recover, rebuild, hand over (DA/T 70)."""
