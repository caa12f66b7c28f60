"""Webcams and network cameras → their newest frame, as RGB with its time."""
