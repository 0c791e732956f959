"""Sketch -> photograph with a trained generator, in ONNX Runtime, Keras or OpenVINO."""
