"""python3 -m opal_matte STEP --work DIR: from nothing to weights and their card. `all` runs every step; each goes on where it was ended.

    fetch      the sprites, the models and the places
    render     views of the models, with Blender
    pack       sprites, views and places as arrays
    sheet      DIR/sheet.png: what the compositor makes, to look at
    train      DIR/run: states and a log
    evaluate   DIR/figures.json
    export     DIR/out: own.bin, golden.json and CARD.md, for modules/cutout/net
"""
import argparse
import json
import os
import sys

from . import fetch
from .parts import Parts


def sides(text):
    """Two sides in pixels, as 224,288."""
    both = tuple(int(side) for side in text.split(','))
    if len(both) != 2 or any(side < 32 or side % 32 for side in both):
        raise argparse.ArgumentTypeError('two multiples of 32 are needed, as 224,288')
    return both


def above_zero(kind):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < 1e6:
            raise argparse.ArgumentTypeError(f'{text} is not a number above 0')
        return value
    return read


def main():
    p = argparse.ArgumentParser(prog='opal_matte', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('step', choices=('all', 'fetch', 'render', 'pack', 'sheet', 'train', 'evaluate', 'export'))
    p.add_argument('--work', required=True, help='folder of everything that is made')
    p.add_argument('--views', type=int, default=8, help='views of each model')
    p.add_argument('--render-minutes', type=float, default=60, help='the most that rendering takes; what is there by then is used')
    p.add_argument('--minutes', type=above_zero(float), default=180, help='of training')
    p.add_argument('--sides', type=sides, default=(256, 288), help='of the pictures before and in the cooldown, multiples of 32: 224,288 sees more pictures')
    p.add_argument('--threads', type=above_zero(int), default=1, help='of the trainer')
    p.add_argument('--workers', type=above_zero(int), default=1, help='compositor processes')
    p.add_argument('--rate', type=float, default=2.5e-3, help='the highest learning rate')
    p.add_argument('--cooldown', type=float, default=.35, help='share of the time in which the rate falls')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--begin', help='weights or a state to begin from, with --words that say which')
    p.add_argument('--words', default='')
    p.add_argument('--resume', action='store_true', help='go on from DIR/run')
    p.add_argument('--count', type=int, default=240, help='pictures to evaluate on')
    p.add_argument('--photos', help='photographs to measure on, with --truths: NAME.png each')
    p.add_argument('--truths')
    a = p.parse_args()
    if a.begin and not a.words:
        p.error('--begin needs --words: the card says what training began from')
    if bool(a.photos) != bool(a.truths):
        p.error('--photos needs --truths, and --truths needs --photos')
    os.makedirs(os.path.join(a.work, 'run'), exist_ok=True)
    for name, step in STEPS.items():
        if a.step in (name, 'all'):
            print(f'{name}:', flush=True)
            step(a, lambda *parts: os.path.join(a.work, *parts))
    return 0


def do_fetch(a, at):
    need = fetch.missing()
    if need:
        sys.exit(f'opal_matte: {"; ".join(need)}. Debian: apt-get install --no-install-recommends npm {fetch.PACKAGES}')
    fetch.emoji(at('emoji'))
    fetch.places(at('places'))
    models = fetch.models(at('models'))
    with open(at('models.json'), 'w', encoding='utf-8') as f:
        json.dump(models, f, indent=1)
    print(f'{len(models)} models')


def do_render(a, at):
    from .render import render
    with open(at('models.json'), encoding='utf-8') as f:
        models = json.load(f)
    left_out = render(models, at('renders'), a.views, threads=max(1, os.cpu_count() or 1), seed=a.seed, seconds=a.render_minutes * 60)
    print('left out:', ', '.join(left_out) or 'none')


def do_pack(a, at):
    from . import places, render, sprites
    assets, panoramas = fetch.emoji(at('emoji')), fetch.places(at('places'))
    counts = {}
    for part, validation in (('train', False), ('validation', True)):
        to = Parts.of(a.work, part)
        made = dict(sprites=sprites.unpack(assets, to.sprites, validation), views=render.pack(at('renders'), to.renders, validation),
                    places=places.unpack(panoramas, to.places, validation))
        counts = {k: counts.get(k, 0) + n for k, n in made.items()}
    counts['models'] = len({f.rsplit('_', 2)[0] for f in os.listdir(at('renders')) if f.endswith('_shadow.png')})
    with open(at('counts.json'), 'w', encoding='utf-8') as f:
        json.dump(counts, f)
    print(counts)


def do_sheet(a, at):
    import cv2
    from .compose import Compositor, sheet
    cv2.imwrite(at('sheet.png'), sheet(Compositor(Parts.of(a.work, 'train'), a.seed)))


def do_train(a, at):
    from .train import train
    train(at('run'), Parts.of(a.work, 'train'), Parts.of(a.work, 'validation'), a.minutes, top=a.rate, cooldown=a.cooldown,
          sizes=a.sides, workers=a.workers, threads=a.threads, seed=a.seed, begin=a.begin, words=a.words, resume=a.resume, tell=lambda line: print(line, flush=True))


def weights(at):
    final = at('run', 'final.pt')
    return final if os.path.exists(final) else at('run', 'latest.pt')


def do_evaluate(a, at):
    from . import evaluate, export
    net = export.load(weights(at))
    found = dict(made=evaluate.made(net, Parts.of(a.work, 'validation'), a.count))
    if a.photos:
        rows = evaluate.photographs(net, a.photos, a.truths)
        found['photographs'] = dict(rows=rows, all=evaluate.figures(list(rows.values())))
    with open(at('figures.json'), 'w', encoding='utf-8') as f:
        json.dump(found, f, indent=1)
    print(json.dumps(found['made'], indent=1))
    if a.photos:
        print(json.dumps(found['photographs']['all']))


def do_export(a, at):
    from . import card, export
    os.makedirs(at('out'), exist_ok=True)
    net = export.load(weights(at))
    sha = export.write(net, at('out', 'own.bin'))
    export.golden(net, at('out', 'golden.json'))
    with open(at('counts.json'), encoding='utf-8') as f:
        counts = json.load(f)
    with open(at('figures.json'), encoding='utf-8') as f:
        made = json.load(f)['made']
    notes = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'photographs.md')
    with open(notes, encoding='utf-8') as f:
        card.write(at('out', 'CARD.md'), counts, card.read_log(at('run', 'train.log')), made, sha, os.path.getsize(at('out', 'own.bin')), f.read())
    print(f'{at("out")}: own.bin and CARD.md belong into modules/cutout/net, golden.json into its testdata, and weights.go needs\n{sha}')


STEPS = dict(fetch=do_fetch, render=do_render, pack=do_pack, sheet=do_sheet, train=do_train, evaluate=do_evaluate, export=do_export)

if __name__ == '__main__':
    sys.exit(main())
