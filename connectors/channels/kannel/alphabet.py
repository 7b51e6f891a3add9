"""How many SMS a text takes, in GSM 7-bit or UCS-2 (3GPP TS 23.038)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"  # two places each
_BOTH = frozenset(_BASIC + _EXTENSION)


def is_gsm(text: str) -> bool:
    """Whether GSM's own alphabet has all of it."""
    return _BOTH.issuperset(text)


def parts(text: str) -> int:
    """Of how many SMS it consists."""
    if is_gsm(text):
        places = len(text) + sum(letter in _EXTENSION for letter in text)
        whole, part = 160, 153
    else:
        places, whole, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if places <= whole else -(-places // part)
