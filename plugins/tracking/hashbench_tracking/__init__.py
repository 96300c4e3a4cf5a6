"""Shows finished runs to TensorBoard and MLflow; each is a plugin of its own, and off until it is named."""
