"""pictures: pixels as PNG inside the page."""

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast.plotting.palettes import PALETTES
from nnfast.report.markup import Markup, element

Array = NDArray[Any]

_LEVELS = 31
_TRANSPARENT_RED_AND_BLUE = PALETTES["transparent"].curves[1], PALETTES["transparent"].curves[0]


def make_grey(pixels: Array, low: float, high: float, alt: str) -> Markup:
    """Show a sample: its large values have the colour of ink, whatever that is; `low` and `high` are the ends."""
    scaled = (np.asarray(pixels, np.float64) - low) / ((high - low) or 1.0)
    levels = np.clip(np.rint((1 - scaled) * 255), 0, 255).astype(np.uint8)
    return _make_image(levels, 0, b"", alt, "ink")


def make_signed(values: Array, largest: float, alt: str) -> Markup:
    """Show signed values: blue above 0, orange below, the fainter the nearer to 0, on whatever lies behind."""
    shares = np.clip(np.asarray(values, np.float64) / (largest or 1.0), -1, 1)
    half = _LEVELS // 2
    levels = (np.rint(shares * half) + half).astype(np.uint8)
    colours = b"".join(_make_colour(level - half) for level in range(_LEVELS))
    alphas = bytes(round(255 * abs(level - half) / half) for level in range(_LEVELS))
    return _make_image(levels, 3, _make_chunk(b"PLTE", colours) + _make_chunk(b"tRNS", alphas), alt, "signed")


def _make_image(levels: NDArray[np.uint8], colour_type: int, palette: bytes, alt: str, class_: str) -> Markup:
    height, width = levels.shape
    head = _make_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in levels)
    body = _make_chunk(b"IDAT", zlib.compress(rows, 9)) + _make_chunk(b"IEND", b"")
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + palette + body).decode()
    return element("img", src=f"data:image/png;base64,{data}", width=width, height=height, alt=alt, class_=class_)


def _make_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _make_colour(level: int) -> bytes:
    return bytes.fromhex(_TRANSPARENT_RED_AND_BLUE[level > 0].lstrip("#"))
