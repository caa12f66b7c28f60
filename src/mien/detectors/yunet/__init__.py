"""YuNet (Wu et al. 2023): the detector, its network, and what its three grids mean."""
