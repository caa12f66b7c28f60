"""The log: what enrolled persons' faces showed, over weeks, in a private database (extra "log")."""
