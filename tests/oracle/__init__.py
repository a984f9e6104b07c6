"""The oracle: the verdict and the report, written a second time, from the documentation alone.

Nothing here imports from `health` or `tui`, so that the product and its judge cannot share a mistake
(docs/concepts.md, "The verdict"; docs/documents.md, "The report").
"""
