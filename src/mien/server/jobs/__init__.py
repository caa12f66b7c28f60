"""Videos that are analysed after the request that brought them: jobs, folder, thread."""
