"""Videos that are analysed after the request that brought them: jobs, their folder, their thread."""
