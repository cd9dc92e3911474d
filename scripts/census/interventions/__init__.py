"""What is done to a network or its input: activation maximization and ablation of units."""
