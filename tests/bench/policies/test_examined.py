"""One answer on an engine or a server: what makes it not conform, or not applicable."""

from __future__ import annotations

import pytest
from tests.bench.policies.odd_policy import odd_policy
from tests.bench.policies.servers import served
from tests.bench.policies.test_engines import facts_table

from misusebench.authzen_server import component
from misusebench.component import Request
from misusebench.errors import SuiteError
from misusebench.policies.eleven_rules import ElevenRules
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import random_requests
from misusebench.policies.source import policy_source
from misusebench.policy_bench import fail_open
from misusebench.policy_bench.batches import FirstDecides
from misusebench.policy_bench.examined import examined, render
from misusebench.policy_bench.tables import table_of


def test_a_server_whose_batches_differ_does_not_conform():
    """The checks of the protocol see nothing of it: its example has an id a request."""
    with served() as url:
        good = examined(url, "eleven_rules")
    with served(FirstDecides(component("reference"))) as url:
        bad = examined(url, "eleven_rules")
    assert good["conforms"]
    assert all(one["apart"] == 0 < one["permits"] for one in good["batches"])
    assert all(one["passed"] for one in bad["protocol"])
    assert not bad["conforms"]
    assert sum(one["apart"] for one in bad["batches"]) > 0
    assert "a batch differs where one officer and one resource id repeat" in "\n".join(render(bad))


def test_an_engine_that_was_asked_nothing_does_not_conform(monkeypatch):
    """Without a probe nothing is shown of missing facts."""
    assert examined("jsonlogic", "purpose_only", 100)["conforms"]
    monkeypatch.setattr(fail_open, "probes", lambda *_: [])
    found = examined("jsonlogic", "purpose_only", 100)
    assert found["agreement"]["decisions"] == 0
    assert not found["conforms"]
    assert "of 0 probes" in "\n".join(render(found))


def test_a_policy_that_an_engine_refuses_is_not_applicable(tmp_path):
    """It is neither a fault of the engine nor a pass."""
    file = tmp_path / "odd.toml"
    file.write_text(odd_policy().text)
    found = examined("casbin", str(file), 100)
    assert (found["conforms"], found["applicable"]) == (False, False)
    assert render(found)[0] == "casbin is not applicable to odd"


def test_rules_that_are_code_take_no_other_policy():
    """None, the name and the text of the eleven rules are theirs; all else is refused."""
    engine = ElevenRules()
    for policy in (None, policy_source("eleven_rules"), {"name": "eleven_rules", "text": None}):
        engine.load(policy, None)
    other = policy_source("purpose_only")
    for policy in (other, "permit(...)", {"name": "eleven_rules", "text": other["text"]}, 7):
        with pytest.raises(SuiteError, match="takes no other, got"):
            engine.load(policy, None)


def test_tables_have_the_properties_of_actions():
    """Every fact that a request has is a column: as the parts of the request are named."""
    policy = odd_policy()
    asked = random_requests(policy, 50)
    table = table_of(asked)
    assert table.select(facts_table(policy, asked).column_names) == facts_table(policy, asked)
    bare = Request("o", {}, "query", "q", {}, {}, {})
    assert table_of([bare]).to_pylist() == [
        {"query_id": "q", "officer_id": "o", "action.name": "query"}]  # fmt: skip
    assert read_policy("eleven_rules").kinds.keys() <= set(
        table_of(random_requests(read_policy("eleven_rules"), 3)).column_names
    )
