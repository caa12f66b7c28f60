"""The HTTP application: pictures, videos, live streams, the log, and a page (extra "server")."""
