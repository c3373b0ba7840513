"""Lets `python -m qrecords` be the `qrecords` command."""

from qrecords.cli import main

main()
