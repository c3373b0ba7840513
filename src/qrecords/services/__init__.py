"""The verbs of the office; the only door for the command line and the web."""
