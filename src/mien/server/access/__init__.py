"""Who may do what: tokens, page sessions, roles, and the checks of where a request comes from."""
