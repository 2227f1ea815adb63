"""The model call with real diffusers: tiny pipelines of random weights, made from
configuration and saved as a registered model is, then loaded and called by the
engine. `make test-ml` runs it; it needs torch and diffusers and shows nothing of
quality. No weights are fetched: the hub is switched off."""

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "tests")]

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
from conftest import client, mug  # noqa: E402
from conftest import blobs as blobs  # noqa: E402, F401 (a fixture)
from diffusers import (  # noqa: E402
    AutoencoderKL, AutoencoderKLFlux2, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel,
    StableDiffusionXLInpaintPipeline, UNet2DConditionModel, ZImagePipeline, ZImageTransformer2DModel,
)
from opal_sd import placing  # noqa: E402
from opal_sd.contract import ScoreRequest  # noqa: E402
from opal_sd.diffusion import DiffusionEngine  # noqa: E402
from opal_sd.engine import PaintJob  # noqa: E402
from opal_sd.settings import Settings  # noqa: E402
from opal_sd.words import wording  # noqa: E402
from PIL import Image  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import (  # noqa: E402
    CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM,
)

torch.set_num_threads(2)


def clip_tokenizer(folder):
    """A CLIP tokenizer that knows letters alone."""
    folder.mkdir(parents=True)
    letters = [chr(c) for c in range(33, 127)]
    tokens = [*letters, *(c + "</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77), len(tokens)


def chat_tokenizer():
    """A word tokenizer with the chat template that the pipelines call for."""
    words = Tokenizer(models.WordLevel({"<pad>": 0, "<unk>": 1, "<|im_start|>": 2, "<|im_end|>": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    t = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="<|im_end|>")
    t.chat_template = "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"
    return t


def sdxl(folder):
    torch.manual_seed(0)
    tokenizer, size = clip_tokenizer(folder.parent / "clip")
    text = dict(vocab_size=size, hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=3, projection_dim=32,
                bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=size - 1)
    StableDiffusionXLInpaintPipeline(
        vae=AutoencoderKL(block_out_channels=(32, 32, 32, 32), in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 4,
                          up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=4, sample_size=128, force_upcast=True, norm_num_groups=8),
        text_encoder=CLIPTextModel(CLIPTextConfig(**text)), text_encoder_2=CLIPTextModelWithProjection(CLIPTextConfig(**text)),
        tokenizer=tokenizer, tokenizer_2=tokenizer,
        unet=UNet2DConditionModel(
            block_out_channels=(32, 64), layers_per_block=1, sample_size=16, in_channels=9, out_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=(2, 4), use_linear_projection=True, addition_embed_type="text_time",
            addition_time_embed_dim=8, transformer_layers_per_block=(1, 1), projection_class_embeddings_input_dim=80, cross_attention_dim=64, norm_num_groups=8),
        scheduler=EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, steps_offset=1, beta_schedule="scaled_linear", timestep_spacing="leading"),
    ).save_pretrained(folder, safe_serialization=True)


def qwen3(layers):
    return Qwen3ForCausalLM(Qwen3Config(
        vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=2, head_dim=8, max_position_embeddings=1024))


def flux2_klein(folder):
    torch.manual_seed(0)
    Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLFlux2(sample_size=32, in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
                               block_out_channels=(4, 4, 4, 4), layers_per_block=1, latent_channels=1, norm_num_groups=1, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=qwen3(28), tokenizer=chat_tokenizer(), is_distilled=True,
        transformer=Flux2Transformer2DModel(
            patch_size=1, in_channels=4, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16 * 3,
            timestep_guidance_channels=256, axes_dims_rope=[4, 4, 4, 4], guidance_embeds=False),
    ).save_pretrained(folder, safe_serialization=True)


def z_image(folder):
    torch.manual_seed(0)
    ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKL(block_out_channels=(32, 32, 32, 32), in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * 4,
                          up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=16, sample_size=32, norm_num_groups=8, scaling_factor=0.36, shift_factor=0.12),
        text_encoder=qwen3(2), tokenizer=chat_tokenizer(),
        transformer=ZImageTransformer2DModel(
            all_patch_size=(2,), all_f_patch_size=(1,), in_channels=16, dim=32, n_layers=2, n_refiner_layers=1, n_heads=2, n_kv_heads=2, qk_norm=True, cap_feat_dim=16,
            rope_theta=256.0, t_scale=1000.0, axes_dims=[8, 4, 4], axes_lens=[256, 64, 64]),
    ).save_pretrained(folder, safe_serialization=True)


MAKERS = {"sdxl": sdxl, "flux2-klein": flux2_klein, "z-image": z_image}


@pytest.fixture(scope="module", params=sorted(MAKERS))
def engine(request, tmp_path_factory):
    """Each kind, mounted below the folder that the settings name, and loaded by
    what the weights say they are."""
    mounted = tmp_path_factory.mktemp("models")
    MAKERS[request.param](mounted / "registered" / "1")
    e = DiffusionEngine(Settings(model_dir=str(mounted), safety=False, steps=2), warm_side=64)
    e._loader.join(300)
    assert e.ready() and not e.failed(), "the model was not loaded; the log says why"
    e.kind = request.param
    return e


def job(size=96, variants=1, **more):
    canvas = placing.prepare(placing.read_cutout(mug()), ScoreRequest(width=size, height=size))
    return canvas, PaintJob(canvas.image, canvas.mask, wording(ScoreRequest(scene="kitchen", title="Mug", prompt="coffee beans " * 40)), 7, variants, placing.reference(canvas), **more)


def test_the_weights_say_which_pipeline_they_are(engine):
    assert engine.version.startswith(engine.kind + ":")


def test_it_paints_the_size_that_was_asked_for(engine):
    for size in (64, 96, 160):
        canvas, j = job(size)
        assert engine.paint(j)[0].size == canvas.image.size


def test_the_same_seed_paints_the_same(engine):
    a, b = engine.paint(job()[1])[0], engine.paint(job()[1])[0]
    assert (np.asarray(a) == np.asarray(b)).all()


def test_white_in_the_mask_is_painted_and_black_is_kept(engine, monkeypatch):
    """The direction of the mask. Random weights decode to noise, so the picture is
    not compared with the product: what is black must not depend on the number of
    steps, and what is white must. SDXL's inpainting network keeps what it has learnt
    to keep; there, what it is given is looked at."""
    _, j = job()
    half = Image.new("L", j.mask.size, 0)
    half.paste(255, (j.mask.width // 2, 0, *j.mask.size))
    if engine.kind == "sdxl":
        given = []
        prepare = engine._pipe.prepare_mask_latents
        monkeypatch.setattr(engine._pipe, "prepare_mask_latents", lambda mask, masked, *a, **k: (given.append((mask, masked)), prepare(mask, masked, *a, **k))[1])
        engine.paint(replace(j, mask=half))
        mask, masked = given[0]
        quarter = j.mask.width // 4
        assert mask[..., :quarter].max() == 0 and mask[..., -quarter:].min() == 1
        assert masked[..., :quarter].abs().max() > 0 and masked[..., -quarter:].abs().max() == 0, "the network is shown what it is to paint"
        return

    def differ(mask):
        # the same noise in the VAE, another in what is painted: only the steps differ
        engine._s = replace(engine._s, steps=2)
        a = np.asarray(engine.paint(replace(j, mask=mask))[0], dtype=np.int16)
        engine._s = replace(engine._s, steps=3)
        b = np.asarray(engine.paint(replace(j, mask=mask))[0], dtype=np.int16)
        engine._s = replace(engine._s, steps=2)
        d = np.abs(a - b).mean(axis=(0, 2))
        return d[: len(d) // 4].mean(), d[-len(d) // 4 :].mean()

    kept, painted = differ(half)
    assert painted > 2 * kept, (kept, painted)
    turned, _ = differ(half.point(lambda v: 255 - v))
    assert turned > 2 * kept, (turned, kept)


def test_variants_stop_when_the_time_is_up(engine):
    assert len(engine.paint(job(variants=3)[1])) == 3
    assert len(engine.paint(job(variants=3, until=time.monotonic())[1])) == 1


def test_the_service_scores_with_it(engine, blobs):
    r = client(engine).post("/score", json={"input_image_sas": blobs.put("/cut.png", mug()), "width": 96, "height": 96, "scene": "kitchen", "backdrop_sas": f"{blobs.url}/s?sig=x"})
    assert r.status_code == 200, r.text
    assert r.json()["meta"]["engine_version"] == engine.version and "/s" in blobs.blobs


def test_long_words_fit_the_encoder(engine, caplog):
    caplog.set_level("INFO")
    engine.paint(job()[1])
    assert ("Words left out" in caplog.text) == (engine.kind == "sdxl")


def test_what_can_not_be_loaded_fails_and_says_so(tmp_path, caplog):
    e = DiffusionEngine(Settings(model_dir=str(tmp_path), safety=False))
    e._loader.join(60)
    assert e.failed() and not e.ready() and "no model_index.json" in caplog.text


def test_the_safety_checker_is_taken_from_the_model(tmp_path):
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    sdxl(tmp_path / "m")
    config = CLIPConfig(vision_config=dict(hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, image_size=224, patch_size=32), projection_dim=32)
    StableDiffusionSafetyChecker(config).save_pretrained(tmp_path / "m" / "safety", safe_serialization=True)
    e = DiffusionEngine(Settings(model_dir=str(tmp_path), steps=1), warm_side=64)
    e._loader.join(120)
    assert e.ready()
    flagged = e._checker.flags(job()[1].image)
    assert isinstance(flagged, bool)
    e._checker.flags = lambda m: True
    from opal_sd.fault import Fault

    with pytest.raises(Fault) as f:
        e.paint(job()[1])
    assert f.value.code == "output_unsafe"
