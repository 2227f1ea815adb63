"""The cases that all sides of the contract read."""

import base64
import io
import json

import pytest
from conftest import CONTRACT, client, mug
from PIL import Image

CASES = sorted(CONTRACT.glob("request-*.json"))


def test_there_are_cases():
    assert sum("sd" in json.loads(f.read_text())["engines"] for f in CASES) >= 10


@pytest.mark.parametrize("file", CASES, ids=lambda f: f.stem)
def test_service_keeps_the_contract(file, blobs):
    case = json.loads(file.read_text())
    if "sd" not in case["engines"]:
        return
    body = case.get("raw") or json.dumps(case["body"])
    for name, url in {
        "input": blobs.put("/cut.png", mug()), "text": blobs.put("/text", b"not a picture"), "missing": f"{blobs.url}/missing?sig=x",
        "output": f"{blobs.url}/output?sig=x", "backdrop": f"{blobs.url}/backdrop.jpg", "shadow": f"{blobs.url}/shadow.png",
    }.items():
        body = body.replace("{{%s}}" % name, url)
    r = client().post("/score", content=body)
    assert r.status_code == case["status"], r.text
    assert r.headers["x-correlation-id"] == "c-1"
    if case["status"] != 200:
        assert r.headers["content-type"] == "application/problem+json"
        p = r.json()
        assert (p["code"], p["status"], p["correlation_id"]) == (case["code"], case["status"], "c-1")
        return
    answer, expect = r.json(), case["expect"]
    meta = answer["meta"]
    assert (meta["engine"], meta["generated"]) == ("sd", True)
    for field in ("width", "height", "seed"):
        if field in expect:
            assert meta[field] == expect[field]
    assert len(meta["product_box"]) == 4 and min(meta["product_box"][2:]) >= 5
    if expect["image"]:
        data = base64.b64decode(answer["image_bytes_b64"], validate=True)
    else:
        assert "image_bytes_b64" not in answer
        data = blobs.blobs["/output"]
        assert blobs.types["/output"] == meta["content_type"]
    m = Image.open(io.BytesIO(data))
    assert m.size == (meta["width"], meta["height"]) and Image.MIME[m.format] == meta["content_type"]


def test_error_cases_look_like_this_services_errors(blobs):
    own = client().post("/score", content="{").json()
    for file in CONTRACT.glob("error-*.json"):
        body = json.loads(file.read_text())["body"]
        if "code" in body:
            assert set(body) <= set(own), file.name
