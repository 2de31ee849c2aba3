"""The mixture core: NumPy and Numba only, no input or output."""
