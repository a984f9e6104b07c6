"""Other tools' backups turned into facts, one file a tool. They read, and never touch the store.

(docs/import-folders.md, "The door")
"""
