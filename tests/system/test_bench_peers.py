"""scripts/bench peers, where a peer cannot be had: that is told, and is nobody's win. Nothing is built or measured here."""

import pathlib
import sys

import pytest

BENCH = pathlib.Path(__file__).resolve().parents[1] / "bench"
sys.path += [str(BENCH), str(BENCH / "peers.d")]
import building  # noqa: E402
import way_in_peers  # noqa: E402
import way_out_peers  # noqa: E402
from comparison import Comparison  # noqa: E402
from wrk import Load  # noqa: E402


class Measured:
    """A program of which nothing but the figures is left."""

    def size(self):
        return "10 MiB"

    def arrived(self):
        return "all 1,000"


@pytest.fixture
def a_machine_without_tools(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    building.had.cache_clear()
    yield
    building.had.cache_clear()


def rows(capsys):
    lines = capsys.readouterr().out.splitlines()
    return {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|"))}


def test_the_way_in_tells_which_peers_could_not_be_had_and_judges_none_of_their_goals(a_machine_without_tools, capsys):
    table = Comparison()
    way_in_peers.print_table(table, 64, {"Millrace": Measured()}, {"Millrace": [Load(1000, 500.0, 10.0, 1.5, 0)]})
    table_rows = rows(capsys)
    assert table_rows["Millrace"][:2] == ["500/s", "10 us"]
    for peer in way_in_peers.PEERS:
        reason, *figures = table_rows[peer.name]
        assert reason.startswith("could not be had: "), peer.name
        assert set(figures) == {""}, peer.name
    assert table_rows["gin, sarama, go-redis"][0] == "could not be had: go is not installed"
    assert (table.missed, table.unjudged) == (0, 3)
    assert not table.all_judged_and_met()


def test_so_does_the_way_out(a_machine_without_tools, capsys):
    table = Comparison()
    for section in way_out_peers.SECTIONS:
        way_out_peers.print_table(table, section, {"Millrace": [way_out_peers.Run(1e6, 0.4, 1 << 24)]})
        table_rows = rows(capsys)
        assert all(table_rows[peer.name][0].startswith("could not be had: ") for peer in section.peers)
        assert table_rows["parallel-consumer 0.5.3.3"][0] == "could not be had: java is not installed"
    assert (table.missed, table.unjudged) == (0, 2)


def test_a_goal_that_a_peer_denies_is_missed_and_bold(capsys):
    table = Comparison()
    assert table.times([8.0, 8.5, 12.0], 9) == "**8.0/8.5/12.0** (goal 9)"
    assert table.times([8.0, 9.5, 12.0], 9) == "8.0/9.5/12.0 (goal 9)"
    assert (table.missed, table.unjudged) == (1, 0)
    assert not table.all_judged_and_met()
