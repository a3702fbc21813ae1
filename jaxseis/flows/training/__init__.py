"""What flows are trained with: losses, loops, augmentation, checkpoints."""
