"""The node that an error names, and tables of a cluster that are not distributed (docs/reading.md, "Citus").

Modules: health.store.opening.nodes, health.store.opening.errors.
"""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest

from health.store.opening.errors import StoreConflict, as_store_error
from tests.engines import COORDINATOR, PLACED, node_alone, place, placed_schema
from tui.commands import run


class OfANode(Exception):
    """An error as Citus passes it on."""

    def __init__(self, primary: str, **more: str) -> None:
        super().__init__(primary)
        self.diag = SimpleNamespace(message_primary=primary, message_detail=None, context=None, **more)


@pytest.mark.parametrize(
    ("primary", "context", "said"),
    [
        (
            "connection to the remote node tp@db2:5433 failed with the following error: Connection refused",
            None,
            "cannot be read: connection to the remote node tp@db2:5433 failed",
        ),
        ("could not establish any connections to the node db2:5433 after 1000 ms", None, "to the node db2:5433 after"),
        (
            "terminating connection due to administrator command",
            "while executing command on db2:5433",
            "cannot be read: node db2:5433: terminating connection",
        ),
        ("something else", "PL/pgSQL function inline_code_block line 1", "cannot be read: something else."),
    ],
)
def test_the_sentence_names_the_node(primary: str, context: str | None, said: str) -> None:
    error = OfANode(primary)
    error.diag.context = context
    assert said in str(as_store_error(error, "fleet@db1"))


def test_a_clash_on_a_node_is_a_conflict_though_its_class_is_lost() -> None:
    error = OfANode('duplicate key value violates unique constraint "backup_sets_pkey_102008"')
    assert isinstance(as_store_error(error, "fleet@db1"), StoreConflict)


if COORDINATOR is not None:

    def test_db_status_names_tables_that_are_not_distributed(capsys: pytest.CaptureFixture[str]) -> None:
        *most, last = PLACED.strip().splitlines()
        with placed_schema("tp_half", "\n".join(most)) as url:
            assert run(["db", "status", "--database", url]) == 3
            assert (
                "only in part distributed by tenant (captured_payloads is not distributed by" in capsys.readouterr().out
            )
            place(url, last)
            assert run(["db", "status", "--database", url]) == 0
            assert "in the schema tp_half, distributed by tenant." in capsys.readouterr().out

    def test_a_node_alone_keeps_the_rows_itself(capsys: pytest.CaptureFixture[str]) -> None:
        with node_alone("tp_alone", registered=False) as url:
            place(url)
            assert_it_is_distributed_and_works(url, capsys)

    def test_a_registered_node_alone_may_keep_rows_when_told_so(capsys: pytest.CaptureFixture[str]) -> None:
        with node_alone("tp_registered", registered=True) as url:
            with pytest.raises(psycopg.Error, match="exceeds number of worker nodes"):
                place(url)
            assert run(["db", "status", "--database", url]) == 3
            assert "only in part distributed by tenant" in capsys.readouterr().out
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute(
                    "SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) FROM pg_dist_node"
                )
            place(url, "\n".join(PLACED.strip().splitlines()[2:]))
            assert_it_is_distributed_and_works(url, capsys)

    def assert_it_is_distributed_and_works(url: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["db", "status", "--database", url]) == 0
        assert "in the schema public, distributed by tenant." in capsys.readouterr().out
        assert run(["demo", "--tenants", "60", "--database", url]) == 0
        assert run(["db", "analyze", "--database", url]) == 0
        capsys.readouterr()
        assert run(["check", "--database", url]) == 2
        assert "60 tenants" in capsys.readouterr().out

    def test_tables_on_the_coordinator_alone_are_fine(capsys: pytest.CaptureFixture[str]) -> None:
        with placed_schema("tp_none", "") as url:
            assert run(["db", "status", "--database", url]) == 0
            assert "in the schema tp_none." in capsys.readouterr().out
            assert run(["check", "--database", url]) == 3
            assert "UNKNOWN - 0 tenants" in capsys.readouterr().out
