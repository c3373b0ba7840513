"""Search, lists, the full-text index, and a record on the screen."""
