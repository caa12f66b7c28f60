"""The facts that travel inside an ONNX file."""
