"""features: what the samples of a call must be like: how many columns they have, and what these are called."""

from dataclasses import dataclass
from typing import Any

from nnfast.data.containers import Names, check_names, find_names
from nnfast.data.sparse import Samples, as_samples


@dataclass(frozen=True, eq=False)
class ReadSamples:
    """Samples that `as_samples` made, and the names they came with: what several models read is converted once."""

    samples: Samples
    names: Names | None


@dataclass
class Features:
    """The columns of samples; what is not known is taken from the first that are read.

    Parameters
    ----------
    n : int, optional
        How many there are.
    names : tuple of str, optional
        Their names. Samples without names, arrays above all, are taken as they are.
    """

    n: int | None = None
    names: Names | None = None

    def read(self, x: Any, name: str = "x", names: Names | None = None) -> Samples:
        """Make the samples that the core reads, see `as_samples`; `names` are those of a frame that `x` is a part of.

        Raises
        ------
        TypeError
            If `x` does not hold real numbers.
        ValueError
            If `x` is empty, or of other columns.
        """
        if isinstance(x, ReadSamples):
            x, names = x.samples, x.names
        names = names or find_names(x, name)
        check_names(name, names, self.names)
        samples = as_samples(x, name=name, n_features=self.n)
        self.n, self.names = samples.shape[1], self.names or names
        return samples
