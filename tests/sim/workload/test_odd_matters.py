"""Oddities of delicate matters hold by the files: no case is worked on before it is opened."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.dataset.schema import ODDITY_KINDS
from misusesim.engine import causal_pass
from misusesim.scenario.load import load_scenario
from misusesim.world.agencies import agencies


@pytest.mark.parametrize("kind", ["joint_case", "cold_case_search"])
def test_no_sitting_before_its_case(kind):
    """In five weeks of a county's sheriff every sitting is under a case that is open by then."""
    sets = [f'oddity=[{{kind="{kind}",rate_per_officer_year=200}}]', "misuse=[]", "days=35"]
    world = load_scenario("county", sets)
    plan = causal_pass(world, agencies(world)[0])
    mine = plan.occasions.oddity == ODDITY_KINDS.index(kind)
    case = plan.occasions.case[mine]
    opened = plan.cases.opened[np.searchsorted(plan.cases.serial, case)]
    assert mine.sum() > 20
    assert (opened <= plan.occasions.start[mine]).all()
