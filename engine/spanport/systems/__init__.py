"""The published projection systems, each a short composition of stages."""
