"""preprocessing: what is done to data before ``fit``. Names, defaults and meaning are scikit-learn's.

`to_categorical` is Keras'. Whatever is drawn is drawn by the core's generator, and the same on every machine; it is not
what scikit-learn draws from the same seed. Only `ImageAugmenter` draws from the generator of NumPy's that it is given.

What belongs to a model can become part of it, so that a saved model takes raw data: see ``to_layer`` of the scalers.
"""

from nnfast.preprocessing.augmentation import ImageAugmenter
from nnfast.preprocessing.labels import LabelEncoder, from_categorical, to_categorical
from nnfast.preprocessing.scalers import MinMaxScaler, StandardScaler
from nnfast.preprocessing.splitting import shuffle, train_test_split
from nnfast.preprocessing.table_encoder import TableEncoder

__all__ = [
    "ImageAugmenter",
    "LabelEncoder",
    "MinMaxScaler",
    "StandardScaler",
    "TableEncoder",
    "from_categorical",
    "shuffle",
    "to_categorical",
    "train_test_split",
]
