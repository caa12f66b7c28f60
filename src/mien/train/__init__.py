"""Training, with PyTorch (the ``train`` extra). Configs, recipes and metrics need no PyTorch."""
