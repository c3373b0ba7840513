"""The workspace of a process, and the session of each account that acts in it."""
