"""What a model is told, and what is left out when its encoder is short."""

import json
from pathlib import Path

import pytest
from opal_sd import words
from opal_sd.contract import ScoreRequest

TABLE = Path(__file__).resolve().parents[3] / "modules" / "picture" / "words.json"
FULL = dict(title="Ceramic mug", prompt="with coffee beans around it", scene="kitchen", palette=("#112233",), light="left", negative_prompt="steam")


def count(text):
    return len(text.replace(",", " ,").split())


def test_the_table_is_the_one_that_go_reads():
    assert words.table() == json.loads(TABLE.read_text())


@pytest.mark.parametrize("scene", sorted(json.loads(TABLE.read_text())["scenes"]))
def test_every_scene_fits_an_encoder_of_77_tokens(scene):
    w = words.wording(ScoreRequest(scene=scene, title="Ceramic mug", light="right"))
    said, left_out = w.say(count, 75)
    assert not left_out and said.startswith("Ceramic mug stands on") and "light from the right" in said


def test_what_matters_least_is_left_out_first():
    w = words.wording(ScoreRequest(**FULL))
    whole = w.say()[0]
    before = None
    for limit in range(count(whole), 3, -1):
        said, left_out = w.say(count, limit)
        assert count(said) <= limit
        if before is not None:
            assert set(before) <= set(left_out) or len(left_out) >= len(before)
        before = left_out
    assert w.say(count, 30)[0].startswith("Ceramic mug stands on an oak countertop, with coffee beans around it")
    assert "photorealistic" not in w.say(count, 40)[0] and "photorealistic" in whole


def test_one_long_wish_is_cut_at_a_word():
    w = words.wording(ScoreRequest(prompt="word " * 400))
    said, left_out = w.say(count, 75)
    assert count(said) <= 75 and said.endswith("word") and left_out


def test_the_callers_own_words_are_avoided_longest():
    said, left_out = words.wording(ScoreRequest(**FULL)).avoid(count, 8)
    assert said.startswith("steam, second product") and left_out


def test_without_a_scene_or_words():
    assert words.wording(ScoreRequest()).say()[0].startswith("soft contact shadow")
    assert "moon base" in words.wording(ScoreRequest(scene="moon_base")).say()[0]
