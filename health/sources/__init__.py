"""Read other tools' backups and turn them into facts, one file a tool. Nothing here uses the store.

(docs/import-folders.md, "The door")
"""
