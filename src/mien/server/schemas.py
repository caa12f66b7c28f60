"""Schemas of answers that are not made by FastAPI, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "Why a request is refused (RFC 9457).",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One line for people."},
    },
}
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_POINT = {**_NUMBERS, "minItems": 2, "maxItems": 2}
_PROBS = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}
_AFFECT = {"type": "number", "minimum": -1, "maximum": 1}
FACE = {
    "type": "object",
    "required": ["face", "box", "score", "landmarks", "expression", "small", "probs"],
    "properties": {
        "face": {"type": "integer", "description": "Its number, from left to right."},
        "box": {
            **_NUMBERS, "minItems": 4, "maxItems": 4,
            "description": "x1, y1, x2, y2 in pixels of the picture.",
        },
        "score": {"type": "number", "description": "The detector's, in [0, 1]."},
        "landmarks": {
            "type": ["array", "null"], "items": _POINT, "minItems": 5, "maxItems": 5,
            "description": "Eyes, nose and corners of the mouth, each from the image's left.",
        },
        "expression": {"type": "string", "description": "The most probable one, or 'uncertain'."},
        "small": {"type": "boolean", "description": "Whether the face had to be enlarged."},
        "probs": {**_PROBS, "description": "Of each expression; they sum to 1."},
        "raw": {"type": "object", "description": "In a video: the reading of the frame alone."},
        "usable": {"type": "boolean", "description": "In a video: whether the face is well seen."},
        "carried": {"type": "boolean", "description": "In a video: answers of an earlier frame."},
        "quarter_turns": {"type": "integer"},
        "track_id": {"type": "integer", "description": "In a video: the person's number."},
        "valence": _AFFECT,
        "arousal": _AFFECT,
    },
}  # fmt: skip
RESULT = {
    "type": "object",
    "description": "All faces of one picture or frame.",
    "required": ["source", "width", "height", "faces"],
    "properties": {
        "source": {"type": ["string", "null"], "description": "The picture's name."},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "frame_index": {"type": "integer"},
        "time_s": {"type": "number"},
        "faces": {"type": "array", "items": {"$ref": "#/components/schemas/Face"}},
    },
}
ANALYZED = {
    "type": "object",
    "required": ["results", "elapsed_ms"],
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": ["string", "null"]},
                    "result": {"$ref": "#/components/schemas/Result"},
                    "problem": {"$ref": "#/components/schemas/Problem"},
                    "drawn": {"type": "string", "description": "data:image/jpeg;base64,…"},
                },
                "oneOf": [{"required": ["result"]}, {"required": ["problem"]}],
            },
        },
        "elapsed_ms": {"type": "number"},
    },
}
SCHEMAS = {"Problem": PROBLEM, "Face": FACE, "Result": RESULT, "Analyzed": ANALYZED}
"""Under ``components.schemas``."""

_BINARY = {"type": "string", "format": "binary"}
ANALYZE_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["pictures"],
                "additionalProperties": False,
                "properties": {"pictures": {"type": "array", "minItems": 1, "items": _BINARY}},
            }
        },
        "application/octet-stream": {"schema": _BINARY},
        "image/jpeg": {"schema": _BINARY},
        "image/png": {"schema": _BINARY},
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["pictures"],
                "additionalProperties": False,
                "properties": {
                    "pictures": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 100,
                        "items": {
                            "type": "object",
                            "required": ["data"],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"type": ["string", "null"], "maxLength": 255},
                                "data": {
                                    "type": "string",
                                    "contentEncoding": "base64",
                                    "pattern": "^[A-Za-z0-9+/]*={0,2}$",
                                },
                            },
                        },
                    }
                },
            }
        },
    },
}
ANALYZE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An entry for each picture, or the one picture, drawn on.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Analyzed"}},
            "image/jpeg": {"schema": _BINARY},
        },
    }
}
