"""Alerts: their states, and when which message is sent. Pure functions; nothing is stored here."""
