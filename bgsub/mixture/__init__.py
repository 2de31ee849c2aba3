"""The mixture core: NumPy and Numba only, no input or output but the model's own file."""

from bgsub.mixture.model import MixtureModel
from bgsub.mixture.params import MixtureParams

__all__ = ["MixtureModel", "MixtureParams"]
