"""Other tools' objects in and out: tables, spaCy pipelines, Hugging Face datasets. Each needs that tool alone."""
