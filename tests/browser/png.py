"""Make a screenshot small: a palette of colours that look alike, and zlib's best.

It reads what Chromium writes: eight bits, RGB, not interlaced.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

Colour = tuple[int, int, int]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BYTES = 3  # a pixel
MOST = 256  # colours
COMMON = 128  # of them are kept as they are: the shades of shadows are among them


def shrink(picture: bytes) -> bytes:
    """The same picture in at most 256 colours."""
    chunks = list(_chunks(picture))
    header = next(data for kind, data in chunks if kind == b"IHDR")
    packed = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    assert (depth, kind, interlaced) == (8, 2, 0)
    rows = [_pixels(row) for row in _unfiltered(packed, width * BYTES)]
    counted = Counter(pixel for row in rows for pixel in row)
    palette = _palette(counted)
    index = {colour: _nearest(colour, palette) for colour in counted}
    body = b"".join(b"\0" + bytes(map(index.__getitem__, row)) for row in rows)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(map(bytes, palette))),
            _chunk(b"IDAT", zlib.compress(body, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _unfiltered(packed: bytes, stride: int) -> Iterator[bytes]:
    above = bytearray(stride)
    for start in range(0, len(packed), stride + 1):
        row = bytearray(packed[start + 1 : start + 1 + stride])
        for i in range(stride):
            left, corner = (row[i - BYTES], above[i - BYTES]) if i >= BYTES else (0, 0)
            guess = _guess(packed[start], left, above[i], corner)
            row[i] = (row[i] + guess) & 255
        yield bytes(row)
        above = row


def _guess(method: int, left: int, up: int, corner: int) -> int:
    """What the filter of a row expected; the file holds the difference."""
    if method == 4:  # Paeth's: whichever neighbour is closest to left + up - corner
        distances = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        return (left, up, corner)[distances.index(min(distances))]
    return (0, left, up, (left + up) // 2)[method]


def _pixels(row: bytes) -> list[Colour]:
    return list(zip(row[::3], row[1::3], row[2::3], strict=True))


def _palette(counted: Counter[Colour]) -> list[Colour]:
    """The commonest colours, and of the others as unlike ones as there is room for."""
    ranked = [colour for colour, _ in counted.most_common()]
    unlike = 1
    while len(found := _chosen(ranked, unlike)) > MOST:
        unlike += 1
    return found


def _chosen(ranked: list[Colour], unlike: int) -> list[Colour]:
    found = ranked[:COMMON]
    for colour in ranked[COMMON:]:
        if all(_distance(colour, other) >= unlike**2 for other in found):
            found.append(colour)
            if len(found) > MOST:
                break
    return found


def _nearest(colour: Colour, palette: list[Colour]) -> int:
    return min(range(len(palette)), key=lambda i: _distance(colour, palette[i]))


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
