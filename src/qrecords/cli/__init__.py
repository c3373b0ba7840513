"""The command line: parse, call one service, print."""

import gc
import os


def main() -> None:
    """Run the `qrecords` command."""
    # Loading a command makes a hundred thousand objects that stay, and a batch as many again; looking through them time
    # and again for what could go takes a tenth of a fill. Most of what can go goes without such a look.
    gc.set_threshold(200_000, 20, 20)
    # Our definitions need no plugins, and looking for some opens the metadata of every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from qrecords.cli.app import run

    try:
        run()
    finally:
        gc.freeze()  # the process ends: what is left need not be looked through for what could go
