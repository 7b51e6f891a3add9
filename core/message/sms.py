"""How a text travels as an SMS: in which alphabet, and in how many parts.

GSM 7-bit with its extension table where that has every character, else UCS-2 in UTF-16 code
units: https://www.etsi.org/deliver/etsi_ts/123000_123099/123038/17.00.00_60/ts_123038v170000p.pdf
A national shift table is not assumed: few networks have one. A long SMS loses 6 bytes of each
part to the header that joins them (3GPP TS 23.040, 9.2.3.24.1).
"""

from collections.abc import Iterable
from enum import StrEnum

import regex

from core.values import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets each
_ALPHABET = BASIC | EXTENSION


class Encoding(StrEnum):
    """An alphabet of SMS."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


# How many units fit into an SMS by itself, and into each part of a longer one.
ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How a text travels.

    `units` are septets or UTF-16 code units, all in all; `left` how many more fit into the
    last part.
    """

    encoding: Encoding
    count: int
    units: int
    left: int


def parts_of(text: str) -> Parts:
    """Into how many parts a text goes. What one sees as one character is not torn apart."""
    encoding = Encoding.UCS2 if unusual(text) else Encoding.GSM7
    units, room = _length(text, encoding), ALONE[encoding]
    if units <= room:
        return Parts(encoding=encoding, count=1, units=units, left=room - units)
    count, used = _packed(_sizes(text, encoding), JOINED[encoding])
    left = JOINED[encoding] - used
    return Parts(encoding=encoding, count=count, units=units, left=left)


def unusual(text: str) -> str:
    """The characters for which a text needs Unicode, each once, in their order."""
    if _ALPHABET.issuperset(text):
        return ""
    return "".join(dict.fromkeys(one for one in text if one not in _ALPHABET))


def _length(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text.encode("utf-16-be", errors="surrogatepass")) // 2


def _sizes(text: str, encoding: Encoding) -> Iterable[int]:
    """The units of each piece that stays together."""
    if encoding is Encoding.GSM7:
        return (1 + (one in EXTENSION) for one in text)
    most = JOINED[encoding]
    pieces = (_units(piece) for piece in regex.findall(r"\X", text))
    # A letter under a hundred accents has to be torn apart somewhere.
    return (
        unit
        for units in pieces
        for unit in ([sum(units)] if sum(units) <= most else units)
    )


def _units(piece: str) -> list[int]:
    return [1 + (ord(character) > 0xFFFF) for character in piece]


def _packed(sizes: Iterable[int], room: int) -> tuple[int, int]:
    """How many parts, and what the last one holds."""
    count, used = 1, 0
    for size in sizes:
        if used + size > room:
            count, used = count + 1, 0
        used += size
    return count, used


def shortest(text: str) -> str:
    """The text with plain punctuation if it goes into fewer parts so, else as it is."""
    count = parts_of(text).count
    plain = text.translate(_PLAIN) if count > 1 else text
    return plain if parts_of(plain).count < count else text


_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛‹›′´`ʼ", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−•·", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\t", " "),
        **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
        "…": "...",
        "⁄": "/",
    }
)
