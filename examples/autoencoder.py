"""autoencoder: images squeezed into a few numbers, and drawn again from them.

    python examples/autoencoder.py [--data FOLDER] [--epochs 100] [--picture reconstructions.png]

The targets are the inputs; the layer in the middle is too narrow to pass them through, so the network has to learn what
images have in common. The same number of principal components, the best that straight lines can do, is the measure.
On the digits that come with nnfast, 64 pixels through 8 numbers; with --data on MNIST, 784 through 32.

Expected: mean squared error of test images 0.012 on the digits, 0.024 by principal components; on MNIST with
--epochs 10 0.006 and 0.017.
"""

import argparse
from typing import Any

import numpy as np

from nnfast import Sequential, plotting
from nnfast.datasets import load_digits, load_mnist
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam


def make_model(n_pixels: int, n_hidden: int, n_code: int) -> Sequential:
    """Return the network: down to the code, and up again to pixels between 0 and 1."""
    layers = [
        Input(n_pixels),
        Dense(n_hidden, "relu"),
        Dense(n_code),
        Dense(n_hidden, "relu"),
        Dense(n_pixels, "sigmoid"),
    ]
    model = Sequential(layers, seed=0)
    model.compile(Adam(2e-3), "mean_squared_error")
    return model


def reconstruct_by_components(x: Any, x_test: Any, n_code: int) -> Any:
    """Return the test images as sums of the training images' first principal components."""
    mean = x.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(x.T))
    components = vectors[:, -n_code:]
    return mean + (x_test - mean) @ components @ components.T


def main(arguments: list[str] | None = None) -> tuple[float, float]:
    """Return the mean squared errors of test images: the network's and that of principal components."""
    parser = argparse.ArgumentParser(description="A dense autoencoder.")
    parser.add_argument("--data", help="folder with MNIST's four IDX files")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--picture", default="reconstructions.png")
    options = parser.parse_args(arguments)
    (x, _), (x_test, y_test) = load_mnist(options.data) if options.data else load_digits()
    n_hidden, n_code = (256, 32) if options.data else (128, 8)
    x, x_test = (part / np.float32(x.max()) for part in (x, x_test))

    model = make_model(x.shape[1], n_hidden, n_code)
    model.fit(x, x, batch_size=64, epochs=options.epochs, verbose=2)
    drawn = {"network": model.predict(x_test), "linear": reconstruct_by_components(x, x_test, n_code)}
    ours, theirs = (float(((images - x_test) ** 2).mean()) for images in drawn.values())

    rows = [x_test[:10], *(images[:10].clip(0, 1) for images in drawn.values())]
    names = [*(str(label) for label in y_test[:10]), *np.repeat(list(drawn), 10)]
    plotting.save_figure(plotting.image_grid(np.concatenate(rows), names, n_columns=10), options.picture)
    print(f"{x.shape[1]} pixels through {n_code} numbers; images, and what came back, in {options.picture}")
    print(f"mean squared error of test images {ours:.4f}, of {n_code} principal components {theirs:.4f}")
    return ours, theirs


if __name__ == "__main__":
    main()
