"""The command line: parse, call one service, print."""


def main() -> None:
    """Run the `qrecords` command."""
    import gc

    # Loading a command makes a hundred thousand objects that stay; looking through them again and again for what could
    # go takes a sixth of a start.
    gc.set_threshold(50_000, 20, 20)
    from qrecords.cli.app import run

    run()
