"""Data sets: digits that come with the package, MNIST and its like from files or from the network, and made-up ones.

Pictures come as from Keras' loaders, ``(x_train, y_train), (x_test, y_test)``, images as rows of bytes. Made-up sets
have scikit-learn's names and parameters, and the same numbers on every machine.
"""

from nnfast.datasets.downloads import fetch_fashion_mnist, fetch_kmnist, fetch_mnist
from nnfast.datasets.images import load_digits, load_mnist
from nnfast.datasets.synthetic import make_circles, make_moons, make_regression, make_spirals

__all__ = [
    "fetch_fashion_mnist",
    "fetch_kmnist",
    "fetch_mnist",
    "load_digits",
    "load_mnist",
    "make_circles",
    "make_moons",
    "make_regression",
    "make_spirals",
]
