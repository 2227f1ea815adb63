"""The layouts in which weights are mounted."""

import json

import pytest
from opal_sd import pipelines, weights
from opal_sd.settings import PIPELINES, Settings, SettingsError


def model(folder, name="StableDiffusionXLInpaintPipeline"):
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": name}))
    (folder / "unet").mkdir()
    return folder


@pytest.mark.parametrize("below", ["", "sdxl-inpainting", "sdxl-inpainting/1", "tfserving-mounted/1/weights"])
def test_weights_are_found_where_azure_ml_puts_them(tmp_path, below):
    want = model(tmp_path / "models" / below)
    assert weights.find(str(tmp_path / "models"), {}) == want


def test_azure_mls_own_folder_is_the_second_place(tmp_path):
    want = model(tmp_path / "azureml" / "sdxl")
    (tmp_path / "models").mkdir()
    assert weights.find(str(tmp_path / "models"), {"AZUREML_MODEL_DIR": str(tmp_path / "azureml")}) == want


def test_what_was_found_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(weights.WeightsError, match="holds notes.txt.*SD_MODEL_DIR"):
        weights.find(str(tmp_path), {})
    with pytest.raises(weights.WeightsError, match="no such folder"):
        weights.find(str(tmp_path / "gone"), {})
    model(tmp_path / "a"), model(tmp_path / "b")
    with pytest.raises(weights.WeightsError, match="several models"):
        weights.find(str(tmp_path), {})


def test_a_model_within_a_model_is_a_part_of_it(tmp_path):
    want = model(tmp_path / "m")
    model(tmp_path / "m" / "inner")
    assert weights.find(str(tmp_path), {}) == want


@pytest.mark.parametrize("saved_as,want", [
    ("StableDiffusionXLPipeline", "sdxl"), ("Flux2KleinPipeline", "flux2-klein"), ("ZImagePipeline", "z-image"), ("QwenImageEditPlusPipeline", "qwen-image-edit"),
])
def test_the_weights_name_their_pipeline(saved_as, want):
    assert pipelines.choose(Settings(), saved_as).name == want
    assert pipelines.choose(Settings(pipeline="sdxl"), saved_as).name == "sdxl"


def test_unknown_weights_want_a_setting():
    with pytest.raises(SettingsError, match="FluxPipeline.*SD_PIPELINE"):
        pipelines.choose(Settings(), "FluxPipeline")
    assert tuple(pipelines.KINDS) == PIPELINES


@pytest.mark.parametrize("kind", pipelines.KINDS.values(), ids=lambda k: k.name)
def test_every_pipeline_says_under_which_licence_its_weights_come(kind):
    assert kind.licence and "/" in kind.model_id and kind.steps > 0
