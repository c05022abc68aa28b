"""The short form of scripts/soak: the same harms, load, watch and judge, for half a minute."""

import pytest

from chaos.soak import soak, soak_crew
from conftest import BINARY


@pytest.mark.takes(60)
def test_a_short_soak_loses_nothing_and_grows_nowhere(millrace, kafka, redis, tmp_path, unique, dice):
    crew = soak_crew(millrace, kafka, redis, tmp_path, f"soak-{unique}")
    sentence, problems = soak(crew, redis, BINARY, 30, dice, pause_s=(1, 4))
    assert problems == [], sentence
