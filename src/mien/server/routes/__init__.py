"""The operations under ``/v1``, a module for each kind of thing; thin doors to the library."""
