"""The second process: its messages arrive even if it ends, and it ends when its lifeline is cut.

Each test is a new program, because a process can only be forked safely before it has threads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.waiting import until

PROGRAM: Final = """
import os, sys, time
from tui.terminal.second_process import SecondProcess

def work(sender):
{work}

second = SecondProcess.begin(work)
{first}
"""


def begun(work: str, first: str) -> subprocess.Popen[str]:
    indented = "\n".join(f"    {line}" for line in work.strip().splitlines())
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(work=indented, first=first)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def said(work: str, first: str) -> str:
    out, err = begun(work, first).communicate(timeout=30)
    assert err == ""
    return out.strip()


COLLECTED: Final = "print([len(each) for each in second.messages()]); second.end()"


def test_messages_come_whole_and_in_their_order_however_large() -> None:
    work = "for size in (0, 1, 70_000, 3_000_000, 5): sender.send(b'x' * size)"
    assert said(work, COLLECTED) == "[0, 1, 70000, 3000000, 5]"


def test_it_does_not_wait_for_the_first_process_to_read() -> None:
    """Both have work to do: the second sends more than a pipe holds before the first reads anything."""
    work = "sender.send(b'x' * 3_000_000); os.mkfifo(PATH); open(PATH).read(); sender.send(b'y')"
    first = "import pathlib\nwhile not os.path.exists(PATH): pass\nopen(PATH, 'w').close()\n" + COLLECTED
    path = f"'/tmp/tenantpilot-test-{os.getpid()}'"
    try:
        assert said(work.replace("PATH", path), first.replace("PATH", path)) == "[3000000, 1]"
    finally:
        Path(path.strip("'")).unlink(missing_ok=True)


@pytest.mark.parametrize(
    "fault", ["raise ValueError('secret')", "raise SystemExit('secret')", "os._exit(3)", "os.kill(os.getpid(), 9)"]
)
def test_a_fault_ends_its_messages_and_reaches_no_terminal(fault: str) -> None:
    assert said(f"print('out'); print('err', file=sys.stderr)\n{fault}", COLLECTED) == "[]"


def test_a_message_that_was_cut_off_does_not_arrive() -> None:
    work = "os.write(4, (10).to_bytes(8, 'big') + b'12345'); os._exit(0)"
    assert said(work, COLLECTED) == "[]"


WAITS: Final = """
sender.send(str(os.getpid()).encode())
{before}
while True: time.sleep(1)
"""


def test_it_ends_at_once_when_its_lifeline_is_cut(tmp_path: Path) -> None:
    note = tmp_path / "note"
    work = WAITS.format(before=f"sender.when_cut_off = lambda: open({str(note)!r}, 'w').close()")
    first = (
        "messages = second.messages(); pid = next(messages).decode(); second.end(); second.end()\n"
        "print(list(messages))\n"
        "while os.path.exists(f'/proc/{pid}'): pass"
    )
    assert said(work, first) == "[]"
    assert note.exists()


def test_it_ends_when_the_first_process_is_killed() -> None:
    process = begun(WAITS.format(before=""), "print(next(second.messages()).decode(), flush=True)\ntime.sleep(60)")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until(
        lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3],
        "its end",
    )


def test_without_fork_there_is_no_second_process() -> None:
    first = "print(second)"
    refused = "import os\ndef fork(): raise OSError\nos.fork = fork\n"
    ended = subprocess.run(
        [sys.executable, "-c", refused + PROGRAM.format(work="    pass", first=first)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert ended.stdout.strip() == "None"
