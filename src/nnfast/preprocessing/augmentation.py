"""augmentation: pictures moved, turned, slanted and bent at random, so that each epoch shows others.

All movements of an image are composed into one map from pixels of the result to places in the image, so that it is
interpolated once. Whole chunks of images go through SciPy together, as a tower of images with a border between them.
"""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnfast import _validation
from nnfast._descriptions import Description

Array = NDArray[Any]
Doubles = NDArray[np.float64]
Shape = tuple[int, int]

_CHUNK_SIZE = 2**16  # pixels that go through SciPy together: with their places they fit a second-level cache
_TRUNCATE = 2.5  # deviations of the Gaussian that are summed up; beyond lies a hundredth of it

_INTERVALS = {
    "rotation": "[0, 180]",
    "shear": "[0, 60]",
    "zoom": "[0, 1)",
    **dict.fromkeys(("width_shift", "height_shift", "elastic_alpha"), "[0, inf)"),
    "elastic_sigma": "(0, inf)",
    "fill_value": "(-inf, inf)",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageAugmenter(Description):
    """Distort grey images at random: shifts, rotation, scaling, shear, elastic distortion. SciPy does it.

    Called with images and a generator it returns new images; as ``transform`` of ``nnfast.data.Batches`` it is called
    with each block. What is drawn is uniform in the ranges below; 0, the default, leaves it out.

    Parameters
    ----------
    rotation : float
        Images are turned by up to so many degrees, to either side.
    width_shift, height_shift : float
        And moved by up to so many pixels, fractions included.
    zoom : float
        And made larger or smaller: height and width are each multiplied by a number in [1 - zoom, 1 + zoom].
    shear : float
        And slanted by up to so many degrees, to either side, as italics are.
    elastic_alpha : float
        The strength of the elastic distortion: every pixel is displaced along both axes by `elastic_alpha` times
        numbers uniform in (-1, 1) that were smoothed by a Gaussian, whose weights add up to 1. That is about
        ``elastic_alpha / (6.1 * elastic_sigma)`` pixels along each axis, as the root of the mean square.
    elastic_sigma : float
        The deviation of the Gaussian in pixels: how far neighbours move together. Simard et al. have `elastic_alpha`
        34 and `elastic_sigma` 4, which is 1.4 pixels.
    fill_value : float
        What lies beyond an image's border.
    image_shape : tuple of int, optional
        (height, width) of images that come as rows; square by default.

    Notes
    -----
    Images are scaled, then slanted, then turned, all about the centre; pixels between others are interpolated linearly.

    P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks applied to visual document
    analysis", ICDAR 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from nnfast.datasets import load_digits
    >>> from nnfast.preprocessing import ImageAugmenter
    >>> (x, _), _ = load_digits()
    >>> augmenter = ImageAugmenter(rotation=10, width_shift=1, height_shift=1, elastic_alpha=8, elastic_sigma=3)
    >>> distorted = augmenter(x, np.random.default_rng(0))
    >>> distorted.shape, distorted.dtype
    ((1442, 64), dtype('uint8'))
    """

    rotation: float = 0.0
    width_shift: float = 0.0
    height_shift: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    elastic_alpha: float = 0.0
    elastic_sigma: float = 4.0
    fill_value: float = 0.0
    image_shape: Shape | None = None

    def __post_init__(self) -> None:
        for name, interval in _INTERVALS.items():
            self._settle(name, _validation.check_real(name, getattr(self, name), interval))
        if self.image_shape is not None:
            self._settle("image_shape", _check_shape(self.image_shape))

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Return distorted images; those given stay as they are.

        Parameters
        ----------
        x : ndarray of shape (n, height * width) or (n, height, width)
            Pixels: integers, float32 or float64. Integers are rounded.
        rng : numpy.random.Generator
            What is drawn from. In the same state it gives the same bits for the same images.

        Returns
        -------
        ndarray of the shape and dtype of `x`

        Raises
        ------
        TypeError
            If `x` is of another dtype.
        ValueError
            If its shape is another, or the dtype does not hold `fill_value`.
        """
        if not isinstance(rng, np.random.Generator):
            raise _validation.mismatch("rng", "a numpy.random.Generator", rng)
        images = self._as_images(x)
        out = np.empty(images.shape, images.dtype.newbyteorder("="))
        size = max(1, _CHUNK_SIZE // max(1, images[:1].size))
        for first in range(0, len(images), size):
            self._distort(images[first : first + size], rng, out[first : first + size])
        return out.reshape(x.shape)

    def _as_images(self, x: Array) -> Array:
        _check_pixels(x, self.fill_value)
        shape = self.image_shape
        if x.ndim == 2 and shape is None:
            shape = (int(x.shape[1] ** 0.5),) * 2
        if x.ndim not in (2, 3) or (shape and x.shape[1:] not in (shape, (shape[0] * shape[1],))):
            expected = "of {} x {} pixels".format(*self.image_shape) if self.image_shape else "that are square"
            hint = "" if self.image_shape else "; image_shape says what others are like"
            raise ValueError(f"x: expected images {expected}, as rows or in 3 dimensions, received {x.shape}{hint}")
        return x.reshape(len(x), *shape) if shape else x

    def _distort(self, images: Array, rng: np.random.Generator, out: Array) -> None:
        places = self._find_places(images.shape, rng)
        if self.elastic_alpha:
            places += self._draw_displacements(images.shape, rng)
        n, height, width = images.shape
        tower = np.full((n, height + 2, width + 2), self.fill_value, out.dtype)
        tower[:, 1:-1, 1:-1] = images
        for axis, size in enumerate((height, width)):
            np.clip(places[axis], -1, size, out=places[axis])
        places += 1
        places[0] += (height + 2) * np.arange(n)[:, None, None]
        _import_ndimage().map_coordinates(tower.reshape(-1, width + 2), places, out, order=1)

    def _find_places(self, shape: tuple[int, ...], rng: np.random.Generator) -> Doubles:
        """Draw a map for each image, and return where in the images the result's pixels come from: (2, *shape)."""
        n, *sizes = shape
        backward, shifts = self._draw_maps(n, rng)
        centers = [(size - 1) / 2 for size in sizes]
        row, column = (np.arange(sizes[i]) - centers[i] - shifts[i][:, None] for i in (0, 1))
        places = np.empty((2, *shape))
        for axis, (by_row, by_column) in enumerate(backward):
            from_row = by_row[:, None] * row + centers[axis]
            from_column = by_column[:, None] * column
            np.add(from_row[:, :, None], from_column[:, None, :], out=places[axis])
        return places

    def _draw_maps(self, n: int, rng: np.random.Generator) -> tuple[Doubles, Doubles]:
        """Return matrices (2, 2, n) that undo scaling, slant and turn, and shifts (2, n), all as (row, column)."""
        angle, shear, high, wide, down, right = rng.uniform(-1, 1, (n, 6)).T
        angle, slant = np.radians(self.rotation * angle), np.tan(np.radians(self.shear * shear))
        cos, sin = np.cos(angle), np.sin(angle)
        unturned = np.array([[cos, sin], [slant * cos - sin, slant * sin + cos]])
        scale = 1 / (1 + self.zoom * np.array([high, wide]))
        return unturned * scale[:, None], np.array([self.height_shift * down, self.width_shift * right])

    def _draw_displacements(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return smooth displacements in pixels, of shape (2, *shape); opposite borders move together."""
        noise = rng.random((2, *shape), np.float32)
        noise = (2 * noise - 1) * np.float32(self.elastic_alpha)
        sigmas = (0, 0, self.elastic_sigma, self.elastic_sigma)
        smooth: NDArray[np.float32] = _import_ndimage().gaussian_filter(noise, sigmas, mode="wrap", truncate=_TRUNCATE)
        return smooth


def _check_shape(shape: Any) -> Shape:
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise _validation.mismatch("image_shape", "a pair of integers (height, width)", shape)
    height, width = (_validation.check_integer("image_shape", size, 1) for size in shape)
    return height, width


def _check_pixels(x: Any, fill_value: float) -> None:
    dtype = x.dtype.newbyteorder("=") if isinstance(x, np.ndarray) else None
    if dtype is None or not (dtype.kind in "iu" or dtype in (np.float32, np.float64)):
        received = type(x).__name__ if dtype is None else dtype
        raise TypeError(f"x: expected an array of integers, float32 or float64, received {received}")
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        if not (fill_value.is_integer() and low <= fill_value <= high):
            expected = f"an integer from {low} to {high}, as pixels are {dtype}"
            raise _validation.mismatch("fill_value", expected, fill_value)


def _import_ndimage() -> Any:
    try:
        from scipy import ndimage
    except ImportError as error:
        raise ImportError('distorting images needs SciPy: pip install "nnfast[images]"') from error
    return ndimage
