"""Click's own messages in Chinese: `python -m tools.messages` takes up what the installed click says, and compiles it.

`src/qrecords/cli/locale/zh_CN/LC_MESSAGES/click.po` is edited by hand; the `.mo` beside it is what the program reads.
A message without a translation has a comment that says why nobody meets it.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PO = Path(__file__).parents[1] / "src/qrecords/cli/locale/zh_CN/LC_MESSAGES/click.po"
MO = PO.with_suffix(".mo")
UNMARKED = ("required",)  # handed to gettext as the value of a variable
HEADER = """\
# What click says, in Chinese. Edited by hand; `python -m tools.messages` makes click.mo of it.
msgid ""
msgstr ""
"Language: zh_CN\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def said() -> Catalog:
    """Return every message the installed click marks for translation."""
    found = Catalog()
    for _file, _line, message, _comments, _context in extract_from_dir(Path(click.__file__).parent):
        found.add(message)
    for message in UNMARKED:
        found.add(message)
    return found


def known() -> Catalog:
    """Return the messages of the .po file."""
    with PO.open("rb") as stream:
        return read_po(stream, locale="zh_CN")


def compiled(catalog: Catalog) -> bytes:
    """Return the .mo file of some messages."""
    stream = BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def main() -> None:
    """Take up new messages in the .po file and write the .mo file."""
    catalog = known()
    catalog.update(said(), no_fuzzy_matching=True)
    stream = BytesIO()
    write_po(stream, catalog, omit_header=True, sort_output=True, no_location=True, ignore_obsolete=True, width=120)
    PO.write_bytes(HEADER.encode() + stream.getvalue())
    MO.write_bytes(compiled(catalog))


if __name__ == "__main__":
    main()
