"""Builds the Word templates of forms/: `python -m tools.templates` writes them; same source, same bytes."""
