"""Values to bytes: documents, pages, codes, bound volumes."""
