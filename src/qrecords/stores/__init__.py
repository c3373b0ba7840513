"""Every byte that lasts."""
