"""Sources of a corpus → its inputs: folders, globs, lists, tables, archives, object stores."""
