"""Sketch -> photograph with a trained generator, in ONNX Runtime or Keras."""
