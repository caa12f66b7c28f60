"""Training, on PyTorch: an extra that the rest of Mien never imports.

Configs and recipes need no PyTorch, so they can be read and listed without it.
"""
