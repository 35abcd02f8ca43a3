"""The commands of the policy side: what they print, what they refuse."""

from __future__ import annotations

import json
import socket

import pyarrow.compute as pc
import pytest
from tests.bench.policies.odd_policy import odd_policy
from typer.testing import CliRunner

from misusebench.cli import app
from misusebench.cli_start import Listing
from misusebench.errors import SuiteError
from misusebench.listing import LISTS
from misusebench.policies.language import read_policy, shipped
from misusebench.policy_bench.explaining import explain
from misusesim import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a small data set with permit checks."""
    folder = tmp_path_factory.mktemp("policy") / "county"
    simulate(load_scenario("county", days=8), folder, workers=1)
    return folder


def ask(*words):
    return run("policy", *words)


def run(*words):
    found = CliRunner().invoke(app, [*map(str, words)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def told(*words):
    found = ask(*words, "--json")
    return json.loads(found.stdout)["data"]


def test_bench_tells_what_rules_prevent_and_what_comes_back(data):
    """A stricter policy denies no less; what stays denied is no more than what is denied."""
    found = told("bench", data, "--policy", "purpose_only", "--policy", "warrant_lookback")
    loose, strict = (one["metrics"] for one in found["policies"].values())
    for one in (loose, strict):
        assert 0 <= one["prevented_adjusted"]["value"] <= one["misuse_prevented"]["value"] <= 1
    assert loose["misuse_prevented"]["value"] < strict["misuse_prevented"]["value"]
    assert loose["honest_blocked"]["value"] < strict["honest_blocked"]["value"]
    rules = found["policies"]["purpose_only"]["rules"]
    assert [one["rule"] for one in rules] == list(read_policy("purpose_only").order)
    assert sum(one["fires"] for one in rules) > 0
    shown = ask("bench", data, "--policy", "purpose_only", "-q").stdout
    assert "| purpose_only | " in shown
    assert "What became of its denials" in shown


def test_explain_says_what_the_policy_saw(data):
    """A permit check over the state network is denied by CCW, with the facts that it turns on."""
    log = open_dataset(data).log()
    said = pc.equal(log["declared_purpose"].cast("string"), "ccw")
    outside = pc.not_equal(log["system"].cast("string"), "LICENSING")
    query = log.filter(pc.and_(said, outside))["query_id"][0].as_py()
    found = told("explain", data, query)
    assert found["outcome"] == "deny"
    assert "CCW" in found["reasons"]
    assert found["facts"]["context.purpose"] == "ccw"
    (rule,) = [one for one in found["rules"] if one["id"] == "CCW"]
    assert [one["holds"] for one in rule["parts"]] == [True, True]
    assert [one["fires"] for one in found["rules"]].count(True) == len(found["reasons"])
    shown = ask("explain", data, query).stdout
    assert "CCW: deny, the state network is not for permits to carry" in shown
    assert "    yes database.clets" in shown


def test_explain_of_a_query_that_is_not_there(data):
    """The message names it."""
    with pytest.raises(SuiteError, match="query 5 is not in the log"):
        ask("explain", data, 5)


@pytest.mark.parametrize("query_id", [-1, 2**64])
def test_explain_of_an_id_that_no_query_can_have(data, query_id):
    """The command refuses it, and so does what it calls."""
    found = ask("explain", data, "--", query_id)
    assert found.exit_code == 2
    with pytest.raises(SuiteError, match="ids go from 0 to"):
        explain(open_dataset(data), query_id, "eleven_rules")


def test_serve_policy_takes_a_token_and_an_address(monkeypatch):
    """The token is that of the variable; without one, or with no address, nothing is served."""
    given = {}

    def serve(policy, host, port, **more):
        given.update(more)
        raise SuiteError("served")

    monkeypatch.setattr("misusebench.authzen_server.serve", serve)
    monkeypatch.setenv("PDP_TOKEN", "abc123")
    words = ["--token-env", "PDP_TOKEN", "--public-url", "https://pdp.example/x"]
    with pytest.raises(SuiteError, match="served"):
        run("serve-policy", *words)
    assert given == {"token": "abc123", "public_url": "https://pdp.example/x"}
    with pytest.raises(SuiteError, match="NO_SUCH is not set"):
        run("serve-policy", "--token-env", "NO_SUCH")
    with pytest.raises(SuiteError, match="url"):
        run("serve-policy", "--public-url", "pdp.example")


def test_check_of_a_policy_that_an_engine_refuses(tmp_path):
    """Neither a pass nor a fault of the engine: exit code 2, and the reason."""
    file = tmp_path / "odd.toml"
    file.write_text(odd_policy().text)
    found = ask("check", "casbin", "--policy", file, "--requests", "100", "-q")
    assert found.exit_code == 2
    assert "casbin is not applicable to odd" in found.stdout
    assert "rule SAME challenges" in found.stdout


def test_privileges_counts_grants_and_use(data):
    """What is used lies within what is granted or is told; a learnt matrix keeps no more."""
    found = told("privileges", data, "--by", "role")
    assert all(one["used"] + len(one["unused"]) == one["granted"] for one in found["gaps"])
    assert {one["level"] for one in found["least"]} == {"role", "unit", "officer"}
    assert all(one["kept"] <= one["granted"] for one in found["least"])
    assert "were used" in ask("privileges", data).stdout


@pytest.mark.parametrize("engine", ["cedar", "rego", "jsonlogic", "duckdb_sql", "reference"])
def test_compile_writes_every_rule_in_the_engines_text(engine, tmp_path):
    """On the screen, as JSON and in a file it is the same text."""
    text = told("compile", "case_valid", "--engine", engine)["text"]
    if engine != "jsonlogic":
        assert all(rule in text for rule in read_policy("case_valid").order)
    file = tmp_path / "policy.txt"
    ask("compile", "case_valid", "--engine", engine, "-o", file)
    assert file.read_text() == text
    assert ask("compile", "case_valid", "--engine", engine).stdout.strip() == text.strip()


def test_compile_refuses_what_is_not_there():
    """Names are suggested."""
    with pytest.raises(SuiteError, match="no engine cedr; did you mean cedar"):
        ask("compile", "eleven_rules", "--engine", "cedr")
    with pytest.raises(SuiteError, match="no policy eleven; did you mean eleven_rules"):
        ask("compile", "eleven")


def test_check_of_an_engine_and_of_one_that_is_not_there():
    """Agreement, missing facts and the specification's decisions in one answer."""
    found = told("check", "jsonlogic", "--requests", "200", "--policy", "shift_training", "-q")
    assert found["conforms"] is True
    assert found["agreement"]["requests"] > 200
    assert found["fail_open"]["rate"] == 0
    assert len(found["fixture"]) == 16
    with pytest.raises(SuiteError, match="no engine opa2"):
        ask("check", "opa2")


def test_check_of_a_server_that_is_not_there():
    """Nothing answers, nothing conforms: exit code 4."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    found = ask("check", f"http://127.0.0.1:{port}", "-q")
    assert found.exit_code == 4
    assert "does not conform" in found.stdout


def test_speed_refuses_an_engine_that_is_not_there():
    """Before anything starts."""
    with pytest.raises(SuiteError, match="no engine cedr"):
        ask("speed", "--engine", "cedr")


def test_every_list_can_be_listed():
    """The command's words are the lists'; policies as data are one of them."""
    assert {one.value for one in Listing} == set(LISTS)
    assert [one["name"] for one in LISTS["rules"]()] == shipped()
    assert all(one["about"] for one in LISTS["rules"]())
