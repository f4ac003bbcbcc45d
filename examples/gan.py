"""gan: a network that makes images of digits, and one that tells them from real ones; each learns from the other.

    python examples/gan.py [--epochs 600] [--picture generated.png]

The generator never sees a real image. All it learns comes through the discriminator: `backward` returns the gradient
with respect to the inputs, which says for each pixel how it should change to be taken for real. On the digits that come
with nnfast.

Expected: a classifier of digits is sure (above 0.9) of 0.70 of the generated images, of 0.92 of real ones that it was
not trained on, and of 0.05 of random ones; all ten digits are among the generated.
"""

import argparse
from typing import Any

import numpy as np

from nnfast import Sequential, kernels, plotting
from nnfast.datasets import load_digits
from nnfast.layers import Dense, Input
from nnfast.optimizers import Adam

N_NOISE, N_UNITS, BATCH_SIZE = 32, 128, 64


class GAN:
    """A generative adversarial network: two networks that train against each other."""

    def __init__(self, n_pixels: int) -> None:
        generator = [Input(N_NOISE), Dense(N_UNITS, "relu"), Dense(N_UNITS, "relu"), Dense(n_pixels, "tanh")]
        discriminator = [Input(n_pixels), Dense(N_UNITS, "leaky_relu"), Dense(N_UNITS, "leaky_relu"), Dense(1)]
        self.generator, self.discriminator = Sequential(generator, seed=0), Sequential(discriminator, seed=1)
        # An optimizer remembers each model by itself. A smaller beta_1 forgets sooner: the opponent changes, too.
        self.optimizer = Adam(2e-4, beta_1=0.5)
        self.rng = np.random.default_rng(0)

    def generate(self, n: int) -> Any:
        """Return that many images, made of random numbers."""
        return self.generator.forward(self.rng.standard_normal((n, N_NOISE)))

    def train_discriminator(self, real: Any) -> float:
        """Take a step towards telling these images from generated ones, and return the loss before it."""
        images = np.concatenate([real, self.generate(len(real))])
        answers = np.repeat(np.float32([[0.9], [0.0]]), len(real), axis=0)  # not 1: who is never sure teaches more
        logits = self.discriminator.forward(images)
        loss, gradient = kernels.binary_crossentropy(answers, logits, from_logits=True)
        self.discriminator.backward(gradient)
        self.optimizer.apply(self.discriminator)
        return loss

    def train_generator(self) -> float:
        """Take a step towards images that are taken for real, and return the loss before it."""
        logits = self.discriminator.forward(self.generate(BATCH_SIZE))
        loss, gradient = kernels.binary_crossentropy(np.ones_like(logits), logits, from_logits=True)
        gradient_of_pixels = self.discriminator.backward(gradient)
        self.generator.backward(gradient_of_pixels)
        self.optimizer.apply(self.generator)  # and not to the discriminator, which stays as it is
        return loss


def train(x: Any, epochs: int) -> GAN:
    """Go through the real images, a batch at a time; the networks take turns."""
    gan = GAN(x.shape[1])
    for epoch in range(1, epochs + 1):
        batches = np.array_split(gan.rng.permutation(len(x)), len(x) // BATCH_SIZE)
        losses = [(gan.train_discriminator(x[rows]), gan.train_generator()) for rows in batches]
        if epoch % max(1, epochs // 10) == 0:
            discriminators, generators = np.mean(losses, axis=0)
            print(f"epoch {epoch}: loss of the discriminator {discriminators:.3f}, of the generator {generators:.3f}")
    return gan


def train_classifier(x: Any, y: Any) -> Sequential:
    """Return a network that reads digits, to look at what was generated."""
    model = Sequential([Input(x.shape[1]), Dense(64, "relu"), Dense(10, "softmax")], seed=0)
    model.compile(Adam(2e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=20, verbose=0)
    return model


def classify(classifier: Sequential, images: Any) -> tuple[float, int]:
    """Return the share of images it is sure of, and how many digits are in 1 % of the images or more."""
    probabilities = classifier.predict(images)
    is_sure = probabilities.max(axis=1) > 0.9
    counts = np.bincount(probabilities.argmax(axis=1)[is_sure], minlength=10)
    return float(is_sure.mean()), int((counts >= 0.01 * len(images)).sum())


def main(arguments: list[str] | None = None) -> dict[str, tuple[float, int]]:
    """Return what a classifier says of real, generated and random images."""
    parser = argparse.ArgumentParser(description="Two dense networks trained against each other.")
    parser.add_argument("--epochs", type=int, default=600)
    parser.add_argument("--picture", default="generated.png")
    options = parser.parse_args(arguments)
    (x, y), (x_test, _) = load_digits()
    x, x_test = (part / np.float32(8) - 1 for part in (x, x_test))  # from -1 to 1, as tanh
    gan = train(x, options.epochs)

    classifier, generated = train_classifier(x, y), gan.generate(1000)
    plotting.save_figure(plotting.image_grid(generated[:40], n_columns=10), options.picture)
    print(f"generated images in {options.picture}")
    kinds = {"real": x_test, "generated": generated, "random": gan.rng.uniform(-1, 1, generated.shape)}
    results = {kind: classify(classifier, images) for kind, images in kinds.items()}
    for kind, (share, n_digits) in results.items():
        print(f"{kind} images: the classifier is sure of {share:.2f}, and sees {n_digits} of the ten digits")
    return results


if __name__ == "__main__":
    main()
