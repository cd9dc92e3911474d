"""The claims that the studies make, each as a test that returns a verdict."""
