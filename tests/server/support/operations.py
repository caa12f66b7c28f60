"""The operations of the interface; a test compares them with the OpenAPI document."""

OPERATIONS = (
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "DELETE /v1/session",
    "GET /v1/session",
    "POST /v1/session",
    "POST /v1/analyze",
    "GET /v1/models",
)
