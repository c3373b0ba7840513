"""What imports inside functions save: processor time of starts that need little, against loading what a fill does.

    python -m bench.bench_start --runs 5

Help pages and Tab load a command's options and no service; modules that are to stay so are listed in pyproject.toml
(PLC0415). The ratios asked for are at least 2.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from bench.bench_fill import ran
from bench.measure import line

ASKED = 2.0
ALL = "import qrecords.cli.app, qrecords.cli.fill, qrecords.services.administer, qrecords.services.intake.fill"
LITTLE = ("--help", "list --help", "search --help")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    whole = statistics.median(ran("-c", ALL)[1] for _ in range(runs + 1))  # the first compiles
    met = True
    for words in LITTLE:
        ratio = whole / statistics.median(ran("-m", "qrecords", *words.split())[1] for _ in range(runs + 1))
        line(f"all that a fill loads ÷ `qrecords {words}`", ratio, f"≥ {ASKED:g}")
        met = met and ratio >= ASKED
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
