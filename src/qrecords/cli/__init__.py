"""The command line: parse, call one service, print."""


def main() -> None:
    """Run the `qrecords` command."""
    from qrecords.cli.app import run

    run()
