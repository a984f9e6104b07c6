"""Everything that is wrong with a settings file, each with its line (docs/sync.md, "A settings file in git")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tui.settings.file import settings_file
from tui.settings.lines import line_of
from tui.settings.loading import LoadedSettings, load_settings
from tui.words.failures import SettingsError


class Checked:
    """A settings file after a full check: `loaded` is None if the file cannot be used, `problems` are sentences."""

    def __init__(self, config: Path | None, environ: Mapping[str, str], cwd: Path) -> None:
        """Raises SettingsError if there is a file and it cannot be read, trusted or parsed."""
        file = settings_file(config, environ, cwd)
        self.path = None if file is None else file.path
        self._text = "" if file is None else file.content.decode("utf-8", "replace")
        self.problems: list[str] = []
        self.loaded: LoadedSettings | None = None
        try:
            self.loaded = load_settings(config=config, overrides={}, environ=environ, cwd=cwd)
        except SettingsError as refused:
            self.problems += map(self._placed, refused.findings or (("", str(refused)),))

    def hear(self, look: Callable[[LoadedSettings], Iterator[tuple[str, str]]]) -> None:
        """Run another check on usable settings. It yields pairs: a key (empty without one) and a sentence."""
        if self.loaded is not None:
            try:
                self.problems += map(self._placed, look(self.loaded))
            except SettingsError as refused:
                self.problems.append(str(refused))

    def _placed(self, finding: tuple[str, str]) -> str:
        key, sentence = finding
        line = line_of(self._text, key) if key else None
        return sentence if line is None else f"line {line}: {sentence}"
