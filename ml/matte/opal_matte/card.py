"""Writes the model card from what was measured: where the data comes from, how long was trained, how good it is."""
import json
import os

LIMITS = (
    '- It reads 288² pixels: what is thinner than a pixel there is not seen.',
    '- Persons, hands, hair and glass are hardly in the data. Which of two things beside each other is meant is not in a picture.',
    '- Its backdrops are drawn: busy rooms, grass and crowds are where it fails.',
    '- Coverage is soft and gaps are filled in part: it is a coarse mask under `modules/cutout`, not a matte.',
)
HERE = os.path.dirname(os.path.abspath(__file__))


def read_log(path):
    """The lines of a training log."""
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8') as f:
        return [json.loads(line) for line in f if line.strip()]


def thinned(rows, most=14):
    """The first, the last and some rows between them."""
    if len(rows) <= most:
        return rows
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]


def write(path, counts, log, made, sha256, weights, notes=''):
    """counts: {"sprites", "views", ...}; made: figures by kind; notes: text on what was seen on photographs."""
    with open(os.path.join(HERE, '..', 'sources.json'), encoding='utf-8') as f:
        sources = json.load(f)
    last = log[-1] if log else {}
    out = [
        '# The card of OPAL\'s own cut-out network', '',
        'Written by `python3 -m opal_matte export`, after training and measuring. Don\'t edit it: the words on photographs are in `ml/matte/photographs.md`.', '',
        f'- Weights: `own.bin`, {weights} bytes, float16 with the normalisation folded in, SHA-256 `{sha256}`.',
        '- Network: a U-Net of plain 3×3 convolutions, 1.34 million weights, trained from random weights by OPAL\'s own code.',
        '- Task: where the product is in a photograph, as coverage of 288² pixels. Edges and gaps are found again at full size by `modules/cutout`.',
        f'- Training: began from {last.get("begun_from", "nothing")}; {last.get("seen", 0):,} pictures seen in {last.get("steps", 0):,} steps of 16, '
        f'{last.get("minutes", 0):.0f} minutes on two shared CPU cores.',
        '- No photograph and no output of another network was trained on. Which weights are kept, at which size they are asked, and how far they are '
        'trusted was chosen on photographs, whose truths were joined from a large network\'s cut-outs and the classical engine\'s, and looked at.', '',
        '## Data', '',
        f'{counts["views"]} views of {counts["models"]} 3D models with their own shadows, {counts["sprites"]} sprites, 17 families of drawn things, '
        f'{counts.get("places", 0)} panoramas, 8 kinds of backdrops. A tenth of the models, the sprites and the panoramas is for validation only.', '',
        '| source | from | licence | used for |', '| --- | --- | --- | --- |']
    out += [f'| {s["name"]} ({s["credit"]}) | {s["from"]} | {s["licence"]} | {s["used_for"]} |' for s in sources]
    out += ['', '## Training', '', '| minutes | pictures seen | side | loss | validation IoU | share ≥ .9 |', '| --- | --- | --- | --- | --- | --- |']
    out += [f'| {r["minutes"]:.0f} | {r["seen"]:,} | {r["size"]} | {r["loss"]} | {r["validation_iou"]} | {r["share_over_9"]} |' for r in thinned(log)]
    out += ['', '## Made pictures that training never showed', '', 'IoU at half coverage, both mirror images averaged, at 288².', '',
            '| kind | pictures | mean | median | ≥ .9 | ≥ .95 |', '| --- | --- | --- | --- | --- | --- |']
    out += [f'| {k} | {v["pictures"]} | {v["mean"]} | {v["median"]} | {v["over_9"]} | {v["over_95"]} |' for k, v in made.items()]
    out += ['', '## Limits', '', *LIMITS]
    out += ['', '## Notices', ''] + [line for s in sources if s.get('notice') for line in (f'{s["name"]}: {s["credit"]}', '', s['notice'], '')]
    while out[-1] == '':
        out.pop()
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(out) + '\n' + ('\n' + notes.strip() + '\n' if notes.strip() else ''))
