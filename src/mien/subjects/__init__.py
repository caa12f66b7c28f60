"""Models that are measured: what each is, which data it gets, and what flatters its figures."""
