"""Keys, limits, readiness and failures."""

import json
import logging
import threading
import time

import pytest
from conftest import KEY, PaintingEngine, client, mug
from opal_sd.contract import MAX_BODY
from opal_sd.service import JSONLines
from opal_sd.settings import Settings, SettingsError


def body(blobs, **more):
    return {"input_image_sas": blobs.put("/cut.png", mug()), "width": 64, "height": 64, **more}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Bearer {KEY}x", f"Basic {KEY}", KEY])
def test_key_is_checked(blobs, header):
    r = client().post("/score", json=body(blobs), headers={"Authorization": header})
    assert (r.status_code, r.json()["code"]) == (401, "unauthorized") and r.headers["www-authenticate"] == "Bearer"
    assert blobs.hits == 0


def test_platform_checks_the_key_itself(blobs):
    assert client(auth="platform").post("/score", json=body(blobs), headers={"Authorization": ""}).status_code == 200


def test_body_is_limited():
    r = client().post("/score", content=b'{"prompt":"' + b"x" * MAX_BODY + b'"}')
    assert (r.status_code, r.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("text", ["", "[]", "null", "1", '{"seed":-1}', '{"seed":18446744073709551616}', '{"seed":1.5}', '{"seed":true}',
                                  '{"width":"64"}', '{"prompt":7}', "[" * 100000, '{"prompt":"\\ud800"'])
def test_broken_bodies(text):
    r = client().post("/score", content=text)
    assert (r.status_code, r.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize("field,value,code", [
    ("fill", 1.5, "invalid_fill"), ("fill", "x", "invalid_fill"), ("product_box", [1, 2, 3], "invalid_product_box"),
    ("product_box", [0, 0, "a", 1], "invalid_product_box"), ("product_box", {"x": 1}, "invalid_product_box"),
    ("width", 2049, "size_out_of_range"), ("height", -1, "size_out_of_range"),
])
def test_wrong_values(blobs, field, value, code):
    r = client().post("/score", json=body(blobs, **{field: value}))
    assert (r.status_code, r.json()["code"]) == (422, code)


def test_numbers_that_json_should_not_have(blobs):
    for text in ('{"fill":NaN}', '{"product_box":[0,0,Infinity,1]}'):
        assert client().post("/score", content=text).status_code == 422


def test_probes():
    c = client(PaintingEngine(loaded=False))
    assert c.get("/livez").status_code == 200
    r = c.get("/readyz")
    assert (r.status_code, r.json()["code"]) == (503, "not_ready") and int(r.headers["retry-after"]) > 0
    assert client().get("/readyz").json() == {"status": "ok", "engine": "sd"}
    assert client(PaintingEngine(fails=True)).get("/livez").status_code == 503
    for method, path, status, code in [("get", "/", 404, "not_found"), ("get", "/score", 405, "method_not_allowed"), ("get", "/docs", 404, "not_found")]:
        r = getattr(c, method)(path)
        assert (r.status_code, r.json()["code"], r.headers["content-type"]) == (status, code, "application/problem+json")


def test_not_ready_fetches_nothing(blobs):
    r = client(PaintingEngine(loaded=False)).post("/score", json=body(blobs))
    assert (r.status_code, r.json()["code"], blobs.hits) == (503, "not_ready", 0)


def test_busy_answers_429(blobs):
    engine = PaintingEngine()
    engine.hold = threading.Event()
    c = client(engine)
    first = {}
    t = threading.Thread(target=lambda: first.update(r=c.post("/score", json=body(blobs))))
    t.start()
    assert engine.began.wait(10)
    r = c.post("/score", json=body(blobs))
    assert (r.status_code, r.json()["code"]) == (429, "busy") and int(r.headers["retry-after"]) > 0
    engine.hold.set()
    t.join(10)
    assert first["r"].status_code == 200
    assert c.post("/score", json=body(blobs)).status_code == 200, "the place was not given back"


def test_defects_stay_in_the_log(blobs, caplog):
    class Broken(PaintingEngine):
        def paint(self, job):
            raise RuntimeError("CUDA out of memory at 0xSECRET")

    c = client(Broken())
    r = c.post("/score", json=body(blobs))
    assert (r.status_code, r.json()["code"]) == (500, "internal") and "SECRET" not in r.text
    assert r.headers["x-correlation-id"] == "c-1" and "SECRET" in caplog.text
    assert c.post("/score", json=body(blobs)).status_code == 500, "the place was not given back"


def test_log_lines_are_json_without_secrets(blobs, caplog):
    caplog.set_level(logging.INFO)
    r = client().post("/score", json=body(blobs, tenant_id="t-1", job_id="j-1", item_id="i-1"))
    assert r.status_code == 200
    lines = [json.loads(JSONLines().format(x)) for x in caplog.records if x.name == "opal_sd"]
    done = [x for x in lines if x["message"] == "Scored image"][0]
    want = {"level": "info", "service": "scoring", "correlation_id": "c-1", "tenant_id": "t-1", "job_id": "j-1", "item_id": "i-1"}
    assert want.items() <= done.items()
    assert "SIGNATURE" not in json.dumps(lines) and KEY not in json.dumps(lines)


def test_lines_of_faults_name_the_item(blobs, caplog):
    class Broken(PaintingEngine):
        def paint(self, job):
            raise RuntimeError("out of memory")

    caplog.set_level(logging.INFO)
    named = {"tenant_id": "t-1", "job_id": "j-1", "item_id": "i-1"}
    for engine, url, status in ((PaintingEngine(), "https://elsewhere.example.com/a.png", 422), (Broken(), blobs.put("/cut.png", mug()), 500)):
        caplog.clear()
        assert client(engine).post("/score", json={"input_image_sas": url, "width": 64, "height": 64, **named}).status_code == status
        lines = [json.loads(JSONLines().format(x)) for x in caplog.records if x.getMessage().startswith("Scoring failed")]
        assert [{**named, "correlation_id": "c-1"}.items() <= x.items() for x in lines] == [True], lines


def test_variants_seed_and_words_reach_the_model(blobs):
    engine = PaintingEngine(drift=20)
    r = client(engine, variants=3).post("/score", json=body(
        blobs, seed=7, prompt="on marble", negative_prompt="red", scene="kitchen", title="Mug", light="left", palette=["#aabbcc", 7 and "#112233"], width=256, height=256))
    job = engine.jobs[0]
    said, avoided = job.wording.say()[0], job.wording.avoid()[0]
    assert (job.seed, job.variants) == (7, 3) and job.until < float("inf") and job.reference is not None
    for part in ("Mug stands on an oak countertop", "on marble", "bright modern kitchen", "light from the left", "#aabbcc, #112233", "contact shadow"):
        assert part in said, said
    assert avoided.startswith("red, ") and "second product" in avoided
    assert r.json()["meta"]["note"] == "variant 3 of 3" and r.json()["meta"]["scene"] == "kitchen" and r.json()["meta"]["light"] == "left"


def test_a_grown_product_is_painted_again(blobs):
    engine = PaintingEngine(drift=20, always=True)
    r = client(engine, variants=2).post("/score", json=body(blobs, seed=7, width=256, height=256))
    assert [(j.seed, j.variants) for j in engine.jobs] == [(7, 2), (9, 1)]
    assert "beyond its outline" in r.json()["meta"]["note"]


def test_no_second_try_when_the_time_is_up(blobs):
    engine = PaintingEngine(drift=20, always=True)
    client(engine, deadline=0.3, wait=0.1).post("/score", json=body(blobs, width=256, height=256)).raise_for_status()
    slow = PaintingEngine(drift=20, always=True)
    paint = slow.paint
    slow.paint = lambda job: (time.sleep(0.3), paint(job))[1]
    client(slow, deadline=0.4, wait=0.1).post("/score", json=body(blobs, width=256, height=256)).raise_for_status()
    assert len(slow.jobs) == 1


def test_the_unpasted_scene_is_stored_beside_the_picture(blobs):
    r = client(PaintingEngine()).post("/score", json=body(blobs, output_image_sas=f"{blobs.url}/out?sig=x", backdrop_sas=f"{blobs.url}/scene?sig=x", shadow_sas=f"{blobs.url}/shadow?sig=x"))
    assert r.json()["meta"]["layers"] == {"backdrop": True, "shadow": False, "product": True}
    assert {"/out", "/scene"} <= set(blobs.blobs) and "/shadow" not in blobs.blobs and blobs.blobs["/out"] != blobs.blobs["/scene"]


def test_a_call_waits_for_its_place(blobs):
    engine = PaintingEngine()
    engine.hold = threading.Event()
    c = client(engine, wait=5)
    results = []
    calls = [threading.Thread(target=lambda: results.append(c.post("/score", json=body(blobs)).status_code)) for _ in range(2)]
    for t in calls:
        t.start()
    assert engine.began.wait(10)
    engine.hold.set()
    for t in calls:
        t.join(10)
    assert results == [200, 200]


@pytest.mark.parametrize("value", [["#ffffff", 1], "red", {"a": 1}])
def test_wrong_palettes(blobs, value):
    r = client().post("/score", json=body(blobs, palette=value))
    assert (r.status_code, r.json()["code"]) == (400, "malformed_body")


def test_strange_correlation_ids_are_replaced():
    r = client().get("/livez", headers={"X-Correlation-Id": "a b"})
    assert len(r.headers["x-correlation-id"]) == 36


GOOD = {"SCORE_KEY": "k", "SCORE_ALLOWED_HOSTS": "a.example.com, *.b.example.com"}


def test_settings_are_read():
    s = Settings.from_env({**GOOD, "SD_SAFETY": "off", "SD_STEPS": "5"})
    assert s.allowed_hosts == ("a.example.com", "*.b.example.com") and s.steps == 5 and not s.safety
    assert not s.allow_loopback


@pytest.mark.parametrize("name,value", [
    ("SCORE_KEY", ""), ("SCORE_AUTH", "none"), ("SCORE_ALLOWED_HOSTS", " , "), ("SD_STEPS", "many"), ("SD_STEPS", "0"),
    ("SD_GUIDANCE", "nan"), ("SD_SAFETY", "maybe"), ("SCORE_CONCURRENCY", "0"),
    ("SCORE_ALLOWED_NETWORKS", "10.0.0.300/8"), ("SCORE_ALLOWED_NETWORKS", "169.254.0.0/16"), ("SCORE_ALLOWED_NETWORKS", "0.0.0.0/0"), ("SD_VARIANTS", "9"), ("SD_PIPELINE", "flux1-dev"), ("SCORE_WAIT", "160"), ("SCORE_DEADLINE", "never"),
])
def test_wrong_settings_are_named(name, value):
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**GOOD, name: value})
