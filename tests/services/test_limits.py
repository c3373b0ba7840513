"""Small inputs that unfold, repeat or go on without end are refused in a moment, by the limit they meet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import dying
from tests.conftest import CommandLine

SECONDS = 20  # on a busy machine; unbounded they took minutes


def merged(levels: int = 30, width: int = 9) -> str:
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * width)}]}}" for n in range(1, levels)]
    return "\n".join(lines)


BOMBS = {
    "merged.yaml": (merged, "合并"),
    "merged-wide.yaml": (lambda: merged(2, 100_000), "合并"),
    "merged-long.yaml": (lambda: merged(2_000, 1), "有误|没有|栏目"),
    "deep.yaml": (lambda: "[" * 100_000, "太深"),
    "repeated.json": (lambda: "{" + ",".join(f'"k{n % 40_000}":1' for n in range(80_000)) + "}", "写了两次"),
    "deep.json": (lambda: "[" * 100_000, "太深"),
    "long-number.json": (lambda: '{"customer_count": ' + "9" * 100_000 + "}", "太长"),
    "deep.toml": (lambda: "a = " + "[" * 100_000, "太深"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unfolds_or_repeats_is_refused_at_once(cli: CommandLine, tmp_path: Path, name: str) -> None:
    made, words = BOMBS[name]
    path = tmp_path / name
    path.write_text(made(), "utf-8")
    code = (
        "import resource, signal, sys; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30));"
        f"signal.alarm({SECONDS});"
        "from qrecords.cli import app; app.run(sys.argv[1:])"
    )
    ended = dying.run(code, "--root", cli.root, "fill", "06A", path)
    assert ended.status == 3, ended.err[-500:]
    assert "Traceback" not in ended.err
    assert any(word in ended.err for word in words.split("|")), ended.err[:500]


@pytest.mark.parametrize("number", ["1." + "3" * 100_000, "1E-999999", "9" * 5_000])
def test_a_number_without_end_is_refused(number: str) -> None:
    from decimal import Decimal

    from qrecords.model.values import parse_dec

    for raw in (number, Decimal(number)):
        with pytest.raises(ValueError, match=r"最多|超出|单位对不上"):
            parse_dec(raw, None, None, "")


def test_merging_as_people_do_is_read(
    cli: CommandLine, tmp_path: Path, sample: Callable[..., dict[str, object]]
) -> None:
    import json

    whole = json.dumps(sample("10A"), ensure_ascii=False)
    path = tmp_path / "two.yaml"
    path.write_text(f"- &one {whole}\n- {{<<: *one, user_need: 另一件}}\n", "utf-8")
    assert len(cli.json("fill", "10A", path)["records"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes streams")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_ends_in_no_traceback(cli: CommandLine, closed: str) -> None:
    command = f"exec '{sys.executable}' -m qrecords --root '{cli.root}' status {closed}"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    "tag", ["{{ self }}", "{{ self.x }}", "{% for a in self %}{{ a }}{% endfor %}", "{{ caller }}"]
)
def test_a_template_cannot_name_itself(tag: str) -> None:
    from qrecords.errors import InvalidInput
    from qrecords.render.docx import Template
    from tests.door_files import in_body, word

    with pytest.raises(InvalidInput, match="不能用"):
        Template.load(word(in_body(f"<w:p><w:r><w:t>{tag}</w:t></w:r></w:p>")))
