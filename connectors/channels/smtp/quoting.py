"""What a person wrote themselves in an answer, without what they answer to.

No mail program marks that properly. These marks need no language: `>` before lines, rules,
the header of a mail in the middle of a text, and a paragraph that ends with a colon before it.
"""

import re
from html.parser import HTMLParser

_QUOTED = re.compile(r"\s*>")
_CUT = re.compile(
    r"""\s*(
        >                                  # what they answer to
        | -{2,}\s?[^-\n]{3,60}\s?-{2,}\s*$ # -----Original Message-----
        | _{8,}\s*$                        # Outlook's rule
        | \*?[^\W\d_][\w ]{0,20}\*?:.{0,80}\S+@\S+\.\S+  # From: Riverside <orders@…>
    )
    | --\s?$                               # a signature
    """,
    re.VERBOSE,
)
_INTRODUCED = re.compile(r"(^|\n)[^\n]*[\d@][^\n]*(\n[^\n]+){0,2}:\s*$")
_SKIPPED = frozenset({"blockquote", "head", "script", "style", "title"})
_BREAKING = frozenset({"br", "div", "p", "li", "tr", "h1", "h2", "h3"})


def own_words(text: str) -> str:
    """What stands above what is quoted; if there is nothing, what stands between it."""
    lines = text.replace("\0", "").splitlines()
    end = next((n for n, line in enumerate(lines) if _CUT.match(line)), len(lines))
    above = _without_introduction("\n".join(lines[:end]))
    if above:
        return above
    return "\n".join(line for line in lines[end:] if not _QUOTED.match(line)).strip()


def _without_introduction(text: str) -> str:
    """Without `On 23 November, Riverside wrote:` at its end."""
    return _INTRODUCED.sub("", text.strip()).strip()


def words_of(html: str) -> str:
    """The words of a page, without its quotes."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (" ".join(one.split()) for one in "".join(reader.words).split("\n"))
    return "\n".join(lines).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped.append(tag)
        if tag in _BREAKING:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.words.append(data.replace("\n", " "))
