"""Every fault ends the job as it must, says what it must, and leaves nothing behind that looks finished."""

import pytest

from faults import table
from faults.conftest import WRITES
from faults.registry import ALL, NUMBERS

# What lies there is no result: a run goes on from it, or is known not to.
UNFINISHED = "unfinished/"


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_fault_is_said_and_leaves_nothing(fault, scene, observed):
    if fault.waits_for:
        observed[fault] = table.row_of(fault, None, scene.folder)
        pytest.skip(fault.waits_for)
    # A fault that this machine cannot make keeps its line.
    observed[fault] = table.committed_row(fault)
    ended = fault.make(scene)
    assert [word for word in fault.words if word not in ended.said] == [], ended.said[-3000:]
    assert ended.status == fault.status, ended.said[-3000:]
    assert [path for path in ended.changed if not path.startswith((UNFINISHED, *fault.leaves))] == []
    assert not list(scene.results.rglob("*.partial"))
    assert "Traceback" not in ended.said
    observed[fault] = table.row_of(fault, ended, scene.folder)
    assert WRITES or table.without_numbers(observed[fault]) == table.without_numbers(
        table.committed_row(fault)
    )


def test_every_number_is_made():
    assert sorted({fault.number for fault in ALL}) == list(NUMBERS)
    assert len({fault.name for fault in ALL}) == len(ALL)


@pytest.mark.skipif(WRITES, reason="it is written when all faults are made")
def test_the_table_has_these_faults_and_no_other():
    rows = table.rows_in(table.PATH.read_text(encoding="utf-8"))
    assert list(rows.values()) == [table.committed_row(fault) for fault in ALL]
