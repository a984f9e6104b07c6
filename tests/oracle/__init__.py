"""The oracle: design.md section 4 and the report of section 7, written a second time from the words alone.

Nothing here imports from `health` or `tui`, so that the product and its judge cannot share a mistake.
"""
