"""``mien study``: a fixed list of classifiers, all on one protocol."""
