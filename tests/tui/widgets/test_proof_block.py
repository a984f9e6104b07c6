"""A block of a proof: marked if it confirms a reason, and text from outside stays text."""

from __future__ import annotations

from tests.tui.widgets.hosting import hosted, words
from tui.widgets.proof_block import ProofBlock
from tui.words.line import Line


async def test_a_block_is_marked_iff_it_confirms_and_shows_words_as_words() -> None:
    plain, proof = ProofBlock("Plain", id="plain", confirms=False), ProofBlock("Proof", id="proof", confirms=True)
    async with hosted(plain, proof) as pilot:
        for block in (plain, proof):
            block.show([Line("[/] \x1b[31m [@click=app.quit]x", "stale"), Line("more", "quiet")])
        await pilot.pause(0)
        said = words(pilot)
        assert "> Proof" in said
        assert "> Plain" not in said
        assert said.count("[/] ␛[31m [@click=app.quit]x") == 2
