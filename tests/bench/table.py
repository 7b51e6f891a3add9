"""The table of figures, and the page that keeps it."""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure of ours, the one beside it from the same run, and what one is to the other."""

    what: str
    ours: str = ""
    beside: str = ""
    ratio: str = ""


def beside(
    what: str,
    ours: float,
    other: float,
    places: int = 0,
    ratio: float | None = None,
) -> Row:
    """A row that compares a rate of ours with another; `ratio` where it was taken otherwise."""
    ratio = ratio or ours / other
    told = f"{ratio:.{1 if ratio > 10 else 2}f} ×"
    return Row(what=what, beside=f"{other:.{places}f}", ratio=told)


def write(rows: list[Row]) -> str:
    """Put the table on its page. The table."""
    lines = ["| What | Everreach | Beside it | Ratio |", "|---|---:|---:|---:|"]
    lines += [f"| {r.what} | {r.ours} | {r.beside} | {r.ratio} |" for r in rows]
    table = "\n".join(lines)
    head, _, rest = PAGE.read_text().partition("<!-- figures -->")
    _, _, tail = rest.partition("<!-- end -->")
    PAGE.write_text(f"{head}<!-- figures -->\n{table}\n<!-- end -->{tail}")
    return table
