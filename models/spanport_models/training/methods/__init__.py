"""The training methods, one file each; see `base` for what a method is."""
