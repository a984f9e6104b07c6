"""One file a screen (docs/screens.md, "The screens")."""
