"""What can be translated, and the catalogues that hold it.

A catalogue is a `.po` file for people and the `.mo` file that is made of it for `gettext`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from core.cascade import sentences
from core.services import amounts, headlines, lengths, notices
from webapp import ui
from webapp.languages import CATALOGUES, ENGLISH, LANGUAGES

TEMPLATES = Path(ui.__file__).parent / "templates"
OTHERS = [language for language in LANGUAGES if language != ENGLISH]


def english() -> list[str]:
    """Every text, once, in the order in which they are met."""
    modules = (sentences, headlines, lengths, amounts, notices, ui)
    tables = (text for module in modules for text in module.ENGLISH)
    return list(dict.fromkeys((*tables, *_in_templates())))


def _in_templates() -> Iterator[str]:
    method = [("**.html", "jinja2.ext:babel_extract")]
    keywords = {"_": None}
    for _, _, message, _, _ in extract_from_dir(TEMPLATES, method, keywords=keywords):
        yield str(message if isinstance(message, str) else message[0])


def po(language: str) -> Path:
    """The file that people write."""
    return CATALOGUES / language / "LC_MESSAGES" / "everreach.po"


def mo(language: str) -> Path:
    """The file that gettext reads."""
    return po(language).with_suffix(".mo")


def stored(language: str) -> Catalog:
    """What people wrote."""
    with po(language).open("rb") as file:
        return read_po(file, locale=language)


def brought_up_to_date(old: Catalog) -> Catalog:
    """The same translations, for the texts that there are now."""
    new = Catalog(locale=old.locale, fuzzy=False)
    for text in english():
        known = old.get(text)
        new.add(text, str(known.string) if known else "")
    return new


def as_po(catalog: Catalog) -> bytes:
    """How people read it: without dates, which would change it each time."""
    out = BytesIO()
    write_po(out, catalog, omit_header=True, width=0)
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {catalog.locale}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    )
    return header.encode() + out.getvalue()


def as_mo(language: str) -> bytes:
    """How gettext reads it."""
    never = datetime(2000, 1, 1, tzinfo=UTC)  # else each writing would differ
    out = BytesIO()
    lean = Catalog(
        locale=language, creation_date=never, revision_date=never, fuzzy=False
    )
    for message in stored(language):
        if message.id:
            lean.add(message.id, message.string)
    write_mo(out, lean)
    return out.getvalue()


def places(text: str) -> set[str]:
    """The {placeholders} in a text."""
    return set(re.findall(r"{(\w+)}", text))
