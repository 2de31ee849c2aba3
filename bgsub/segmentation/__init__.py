"""Still images: mixtures of Gaussians fitted by expectation–maximisation."""
