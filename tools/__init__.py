"""Tools for whoever keeps the project; nothing of the running program is here."""
