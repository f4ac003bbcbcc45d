"""Distorted images are those that SciPy makes of each image by itself; the same generator gives the same bits."""

import sys

import numpy as np
import pytest
from scipy import ndimage

from nnfast.datasets import load_digits
from nnfast.preprocessing import ImageAugmenter

N_IMAGES = 40
AFFINE = {"rotation": 20, "shear": 15, "zoom": 0.2, "width_shift": 1.5, "height_shift": 1}
ALL = AFFINE | {"elastic_alpha": 12, "elastic_sigma": 3}


def make_images(rng, height=12, width=15, n=N_IMAGES):
    return rng.uniform(0, 255, (n, height, width))


def draw(seed, n=N_IMAGES):
    """What an augmenter draws first: angle, shear, zooms and shifts of each image, before they have a range."""
    return np.random.default_rng(seed).uniform(-1, 1, (n, 6))


def distort(x, seed=0, **settings):
    return ImageAugmenter(**settings)(x, np.random.default_rng(seed))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(7, 144), (7, 12, 12)])
def test_nothing_asked_for_changes_nothing(rng, dtype, shape):
    x = rng.uniform(0, 255, shape).astype(dtype)
    result = distort(x)
    assert result.dtype == dtype
    assert result.shape == shape
    assert result is not x
    np.testing.assert_array_equal(result, x)


def test_shifts_are_scipys(rng):
    x = make_images(rng)
    result = distort(x, height_shift=2, width_shift=3.5, fill_value=17)
    for image, ours, drawn in zip(x, result, draw(0)):
        theirs = ndimage.shift(image, drawn[4:] * (2, 3.5), order=1, mode="grid-constant", cval=17)
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_rotation_is_scipys(rng):
    x = make_images(rng)
    result = distort(x, rotation=30)
    for image, ours, drawn in zip(x, result, draw(0)):
        theirs = ndimage.rotate(image, 30 * drawn[0], reshape=False, order=1, mode="grid-constant")
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def make_map(drawn, size, rotation=0, shear=0, zoom=0, width_shift=0, height_shift=0):
    """From the result's places to the image's, as matrix and offset: the inverse of what is done to the image."""
    angle, slant = np.radians(rotation * drawn[0]), np.tan(np.radians(shear * drawn[1]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = turn @ np.array([[1, 0], [-slant, 1]]) @ np.diag(1 + zoom * drawn[2:4])
    shift = drawn[4:] * (height_shift, width_shift)
    center = (np.array(size) - 1) / 2
    inverse = np.linalg.inv(forward)
    return inverse, center - inverse @ (center + shift)


@pytest.mark.parametrize("settings", [{"shear": 15}, {"zoom": 0.2}, AFFINE])
def test_affine_maps_are_scipys(rng, settings):
    x = make_images(rng)
    result = distort(x, **settings)
    for image, ours, drawn in zip(x, result, draw(0)):
        matrix, offset = make_map(drawn, image.shape, **settings)
        theirs = ndimage.affine_transform(image, matrix, offset, order=1, mode="grid-constant")
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_all_together_are_one_interpolation(rng):
    x = make_images(rng)
    result = distort(x, **ALL, fill_value=100)
    generator = np.random.default_rng(0)
    generator.uniform(-1, 1, (N_IMAGES, 6))
    noise = 2 * generator.random((2, *x.shape), np.float32) - 1
    grid = np.indices(x.shape[1:])
    for i, (image, ours, drawn) in enumerate(zip(x, result, draw(0))):
        matrix, offset = make_map(drawn, image.shape, **AFFINE)
        smooth = [ndimage.gaussian_filter(field[i], 3.0, mode="wrap", truncate=2.5) for field in noise]
        places = np.einsum("ij,jkl->ikl", matrix, grid) + offset[:, None, None] + 12 * np.array(smooth)
        theirs = ndimage.map_coordinates(image, places, order=1, mode="grid-constant", cval=100)
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_directions(rng):
    """Of a dot, for extremes that a stub of a generator draws."""

    class Extreme(np.random.Generator):
        def uniform(self, low, high, size):
            return np.full(size, high)

    x = np.zeros((1, 21, 21))
    x[0, 4:7, 9:12] = 1  # above the centre
    generator = Extreme(np.random.PCG64(0))

    def find(**settings):
        return np.array(ndimage.center_of_mass(ImageAugmenter(**settings)(x, generator)[0]))

    np.testing.assert_allclose(find(height_shift=2), [7, 10])
    np.testing.assert_allclose(find(width_shift=2), [5, 12])
    np.testing.assert_allclose(find(rotation=90), [10, 5], atol=1e-6)  # to the left
    np.testing.assert_allclose(find(shear=45), [5, 15], atol=0.1)  # to the right
    np.testing.assert_allclose(find(zoom=0.5), [2.5, 10], atol=0.1)  # away from the centre


@pytest.mark.parametrize(("alpha", "sigma"), [(34, 4), (20, 3), (60, 6)])
def test_strength_of_the_elastic_distortion(alpha, sigma):
    """Of images that tell their own row and column, so that the result tells where each pixel came from."""
    for axis in (0, 1):
        image = np.indices((40, 40))[axis].astype(float)
        moved = distort(np.stack([image] * 400), elastic_alpha=alpha, elastic_sigma=sigma) - image
        inside = moved[:, 10:-10, 10:-10]
        assert np.sqrt((inside**2).mean()) == pytest.approx(alpha / (6.1 * sigma), rel=0.05)
        steps = np.diff(inside, axis=1)
        assert np.sqrt((steps**2).mean()) < 1.2 * alpha / (6.1 * sigma) / (np.sqrt(2) * sigma)


def test_integers_are_rounded(rng):
    x = make_images(rng).astype(np.uint8)
    floats = distort(x.astype(np.float32), **ALL)
    result = distort(x, **ALL)
    assert np.abs(result - floats).max() < 0.501
    signed = distort(x.astype(np.int16) - 128, **ALL, fill_value=-128)
    assert np.abs(result.astype(int) - 128 - signed).max() <= 1


def test_same_generator_same_bits(rng):
    x = make_images(rng)
    generator = np.random.default_rng(3)
    first, second = (ImageAugmenter(**ALL)(x, generator) for _ in range(2))
    np.testing.assert_array_equal(distort(x, seed=3, **ALL), first)
    assert not np.any(np.all(first == second, axis=(1, 2)))
    assert not np.any(np.all(first[1:] == first[:-1], axis=(1, 2)))


def test_images_lie_as_they_like(rng):
    """A view, another byte order, or read-only memory give the same; nothing is written to."""
    x = make_images(rng).astype(np.float32)
    expected = distort(x, **ALL)
    given = x.copy()
    given.flags.writeable = False
    wide = np.zeros((2 * len(x), 12, 30), np.float32)
    wide[::2, :, ::2] = x
    for images in (given, wide[::2, :, ::2], x.astype(">f4")):
        result = distort(images, **ALL)
        assert result.dtype.isnative
        np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(given, x)
    rows = distort(x.reshape(len(x), -1), **ALL, image_shape=(12, 15))
    np.testing.assert_array_equal(rows.reshape(x.shape), expected)


def test_many_images_and_none():
    """More than go through SciPy together: none is left out, each has draws of its own."""
    image = load_digits()[0][0][0]
    result = distort(np.stack([image] * 3000), **ALL)
    assert len(np.unique(result, axis=0)) > 2990
    assert distort(np.zeros((0, 64), np.uint8), **ALL).shape == (0, 64)


def test_what_lies_beyond_the_border():
    x = np.full((50, 6, 6), 9, np.uint8)
    result = distort(x, width_shift=30, fill_value=255)
    assert set(result[np.abs(draw(0, 50)[:, 5]) > 0.3].ravel()) == {255}


def test_parameters_are_fixed_and_told():
    augmenter = ImageAugmenter(rotation=10, image_shape=[4, 3])
    assert augmenter.rotation == 10.0
    assert augmenter == ImageAugmenter.from_config(augmenter.get_config())
    assert "rotation=10.0" in repr(augmenter)
    assert "image_shape=(4, 3)" in repr(augmenter)
    with pytest.raises(AttributeError):
        augmenter.rotation = 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation": -1}, r"rotation: expected a finite number in \[0, 180\], received -1"),
        ({"rotation": np.nan}, "rotation: expected a finite number"),
        ({"shear": 90}, r"shear: expected a finite number in \[0, 60\], received 90"),
        ({"zoom": 1}, r"zoom: expected a finite number in \[0, 1\), received 1"),
        ({"width_shift": "2"}, "width_shift: expected a finite number"),
        ({"height_shift": -2}, "height_shift: expected a finite number"),
        ({"elastic_alpha": -34}, "elastic_alpha: expected a finite number"),
        ({"elastic_sigma": 0}, r"elastic_sigma: expected a finite number in \(0, inf\), received 0"),
        ({"fill_value": np.inf}, "fill_value: expected a finite number"),
        ({"image_shape": 28}, r"image_shape: expected a pair of integers \(height, width\), received 28"),
        ({"image_shape": (28, 0)}, "image_shape: expected an integer >= 1, received 0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        ImageAugmenter(**settings)


@pytest.mark.parametrize(
    ("settings", "x", "message"),
    [
        ({}, np.zeros((3, 7)), r"x: expected images that are square, .*received \(3, 7\); image_shape says"),
        ({"image_shape": (2, 4)}, np.zeros((3, 7)), r"x: expected images of 2 x 4 pixels, .*received \(3, 7\)$"),
        ({"image_shape": (2, 4)}, np.zeros((3, 4, 2)), "x: expected images of 2 x 4 pixels"),
        ({}, np.zeros(9), r"received \(9,\)"),
        ({}, np.zeros((2, 3, 3, 1)), r"received \(2, 3, 3, 1\)"),
        (
            {"fill_value": 0.5},
            np.zeros((2, 9), np.uint8),
            "fill_value: expected an integer from 0 to 255, as pixels are uint8",
        ),
        ({"fill_value": -1}, np.zeros((2, 9), np.uint8), "fill_value: expected .*, received -1"),
    ],
)
def test_bad_images(settings, x, message):
    with pytest.raises(ValueError, match=message):
        distort(x, **settings)


@pytest.mark.parametrize("x", [*(np.zeros((2, 9), dtype) for dtype in (bool, np.float16, "U")), [[0.0] * 9]])
def test_bad_kinds_of_images(x):
    with pytest.raises(TypeError, match="x: expected an array of integers, float32 or float64, received"):
        distort(x)


def test_bad_generator():
    with pytest.raises(ValueError, match=r"rng: expected a numpy.random.Generator, received 0 \(int\)"):
        ImageAugmenter()(np.zeros((2, 9)), 0)


@pytest.mark.parametrize("settings", [{"rotation": 5}, {"elastic_alpha": 8}])
def test_without_scipy(monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"needs SciPy: pip install \"nnfast\[images\]\""):
        distort(np.zeros((1, 64)), **settings)
