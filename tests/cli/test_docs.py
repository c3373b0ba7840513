"""The documents that are made from the code are up to date, and the shipped forms are sound."""

from __future__ import annotations

import re

from tests.conftest import CHECKOUT, CommandLine
from tools.fields import TARGET, fields_document


def test_the_table_of_fields_is_the_forms_own() -> None:
    assert TARGET.read_text(encoding="utf-8") == fields_document(), "run python -m tools.fields"


def test_definition_template_and_sample_of_every_form_agree(cli: CommandLine) -> None:
    assert cli.json("forms", "check")["problems"] == []


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} → {target}"


def test_the_makefile_knows_what_the_readme_names() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", "".join(p.read_text("utf-8") for p in CHECKOUT.glob("*.md"))))
    assert named <= targets
