"""damage: changes of bytes that know nothing of a format, and numbers that formats are seldom ready for."""

import struct
from random import Random

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    127,
    128,
    255,
    256,
    2**15,
    2**16 - 1,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**33,
    2**62,
    2**63 - 1,
    2**64 - 1,
)


def draw_number(rng: Random) -> int:
    return rng.choice(NUMBERS) if rng.random() < 0.7 else rng.getrandbits(rng.randrange(1, 65))


def damage(rng: Random, content: bytes, n_head: int = 0) -> bytes:
    """Change bytes, half of the time those of the head."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        end = n_head if n_head and rng.random() < 0.5 else len(content)
        place = rng.randrange(min(end, len(content)) + 1)
        content = rng.choice(_CHANGES)(rng, content, place)
    return content


def _cut(_: Random, content: bytes, place: int) -> bytes:
    return content[:place]


def _flip(rng: Random, content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    if place < len(changed):
        changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(rng: Random, content: bytes, place: int) -> bytes:
    kind = rng.choice("BHIQ")
    number = draw_number(rng) % 2 ** (8 * struct.calcsize(kind))
    return _put(content, place, struct.pack(rng.choice("<>") + kind, number))


def _put(content: bytes, place: int, part: bytes) -> bytes:
    return content[:place] + part + content[place + len(part) :]


def _insert(rng: Random, content: bytes, place: int) -> bytes:
    return content[:place] + rng.randbytes(rng.randrange(1, 20)) + content[place:]


def _leave_out(rng: Random, content: bytes, place: int) -> bytes:
    return content[:place] + content[place + rng.randrange(1, 20) :]


def _repeat(rng: Random, content: bytes, place: int) -> bytes:
    part = content[place : place + rng.randrange(1, 60)]
    return content[:place] + part * rng.choice((2, 3, 50)) + content[place + len(part) :]


def _move(rng: Random, content: bytes, place: int) -> bytes:
    start = rng.randrange(len(content) + 1)
    return _put(content, place, content[start : start + rng.randrange(1, 40)])


_CHANGES = (_cut, _flip, _flip, _flip, _overwrite, _overwrite, _insert, _leave_out, _repeat, _move)
