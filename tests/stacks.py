"""stacks.py: layers drawn at random."""

from hypothesis import strategies as st
from nets import PARAMETER

from nnfast import _core
from nnfast._core import LayerSpec

# An exponential of an exponential of a sum soon knows no bounds.
names = st.sampled_from(sorted(set(_core.ACTIVATIONS) - {"exponential"}))
NORMALIZATIONS = ["batch_normalization", "layer_normalization", "normalization"]


@st.composite
def layers(draw: st.DrawFn, most_units: int) -> LayerSpec:
    kind = draw(st.sampled_from([*["dense"] * 5, "activation", "dropout", "rescaling", *NORMALIZATIONS]))
    name = draw(names)
    return LayerSpec(
        kind,
        out_size=draw(st.integers(1, most_units)) if kind == "dense" else 0,
        use_bias=draw(st.booleans()),
        use_gamma=draw(st.booleans()) if kind in NORMALIZATIONS else True,
        activation=name,
        parameter=PARAMETER.get(name, 0.0),
        rate=draw(st.sampled_from([0.0, 0.25, 0.9])) if kind == "dropout" else 0.0,
        scale=draw(st.sampled_from([-0.5, 1.0, 2.0])) if kind == "rescaling" else 1.0,
        offset=draw(st.sampled_from([0.0, 0.3])) if kind == "rescaling" else 0.0,
    )
