"""Every fault ends the job as it must, says what it must, and leaves nothing behind that looks finished."""

import pytest

from faults.registry import ALL


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_fault_is_said_and_leaves_nothing(fault, scene):
    ended = fault.make(scene)
    assert [word for word in fault.words if word not in ended.said] == [], ended.said
    assert ended.status == fault.status, ended.said
    assert [path for path in ended.changed if not path.startswith(fault.leaves or ("\0",))] == []
    assert "Traceback" not in ended.said
