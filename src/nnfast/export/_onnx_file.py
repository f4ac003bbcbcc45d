"""_onnx_file: weights that an ONNX file has beside it."""

from pathlib import Path
from typing import Any


def add_external_data(model: Any, folder: Path) -> None:
    """Read weights that are in files beside the graph's; ValueError if one is elsewhere or they are not all there.

    The onnx library would take, for each tensor, the memory that it claims.
    """
    from onnx import external_data_helper

    if any(_is_external(attribute.t) for node in model.graph.node for attribute in node.attribute):
        raise ValueError("a constant of a node that is in another file")
    tensors = [tensor for tensor in model.graph.initializer if _is_external(tensor)]
    infos = [external_data_helper.ExternalDataInfo(tensor) for tensor in tensors]
    for info in infos:
        path = folder / info.location
        if info.location != Path(info.location).name or path.is_symlink() or not path.is_file():
            raise ValueError(f"weights in {info.location!r}, which is no file beside it")
    sizes = {info.location: (folder / info.location).stat().st_size for info in infos}
    n_claimed = sum(info.length or sizes[info.location] - (info.offset or 0) for info in infos)
    if n_claimed > sum(sizes.values()):
        raise ValueError(f"{n_claimed} bytes of weights in files of {sum(sizes.values())}")
    for tensor in tensors:
        external_data_helper.load_external_data_for_tensor(tensor, str(folder))


def _is_external(tensor: Any) -> bool:
    return bool(tensor.data_location == tensor.EXTERNAL)
