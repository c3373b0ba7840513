"""Reports: what the records say of a period (QS/PA758A 5.7.3, 5.7.4, 5.10.1)."""
