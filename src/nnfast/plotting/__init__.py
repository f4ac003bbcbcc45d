"""plotting: pictures of data, activations, training, and what a model makes of it all. Needs matplotlib.

Every function draws on the axes or the figure it is given, or on new ones, and returns them; none touches global
state: no window, no pyplot, no rcParams. `style` chooses light, dark or transparent backgrounds. Colours are told apart
by every kind of eye, and never the only sign.
"""

from nnfast.plotting.activation import activation_curve, activation_curves
from nnfast.plotting.boundary import decision_boundary
from nnfast.plotting.confusion import confusion_matrix
from nnfast.plotting.curves import compared_curves, learning_curves
from nnfast.plotting.descent import descent_path
from nnfast.plotting.fits import fitted_curves, predicted_against_true
from nnfast.plotting.images import confident_mistakes, image_grid
from nnfast.plotting.palettes import style
from nnfast.plotting.squiggle import squiggle_steps
from nnfast.plotting.summary import save_figure, training_picture
from nnfast.plotting.weights import first_layer_weights

__all__ = [
    "activation_curve",
    "activation_curves",
    "compared_curves",
    "confident_mistakes",
    "confusion_matrix",
    "decision_boundary",
    "descent_path",
    "first_layer_weights",
    "fitted_curves",
    "image_grid",
    "learning_curves",
    "predicted_against_true",
    "save_figure",
    "squiggle_steps",
    "style",
    "training_picture",
]
