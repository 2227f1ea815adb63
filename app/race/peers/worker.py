"""worker.py PHOTOS RESULTS MODEL PRESETS is the worker that many write by hand: rembg cuts the product out, Pillow stands it
on a backdrop with a shadow, enlarges the picture twice, and makes a file for each preset of a JSON list."""
import json
import os
import sys

from PIL import Image, ImageFilter
from rembg import new_session, remove

SIDE, FILL = 1024, 0.7


def fitted(product, width, height, fill):
    """Returns the product at the size that fills a share of the frame, and where it goes."""
    k = min(width * fill / product.width, height * fill / product.height)
    small = product.resize((max(1, round(product.width * k)), max(1, round(product.height * k))), Image.Resampling.LANCZOS)
    return small, ((width - small.width) // 2, (height - small.height) // 2)


def staged(product):
    """Returns the product on a backdrop with a soft shadow, twice as large as the backdrop is made."""
    scene = Image.linear_gradient('L').resize((SIDE, SIDE)).point(lambda v: 190 + v // 5).convert('RGB')
    small, at = fitted(product, SIDE, SIDE, FILL)
    shadow = Image.new('L', scene.size)
    shadow.paste(small.getchannel('A').point(lambda a: a // 3), (at[0] + 12, at[1] + 16))
    scene.paste((0, 0, 0), mask=shadow.filter(ImageFilter.GaussianBlur(12)))
    scene.paste(small, at, small)
    return scene.resize((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS)


def variant(preset, product, scene):
    size = preset['width'], preset['height']
    if preset['background'] == 'scene':
        k = max(size[0] / scene.width, size[1] / scene.height)
        large = scene.resize((round(scene.width * k), round(scene.height * k)), Image.Resampling.LANCZOS)
        x, y = (large.width - size[0]) // 2, (large.height - size[1]) // 2
        return large.crop((x, y, x + size[0], y + size[1]))
    small, at = fitted(product, *size, preset.get('fill') or 1)
    out = Image.new('RGBA', size, (255, 255, 255, 255 if preset['background'] == 'white' else 0))
    out.paste(small, at, small)
    return out if preset['background'] == 'transparent' else out.convert('RGB')


def main(photos, results, model, presets):
    with open(presets, encoding='utf-8') as f:
        presets = json.load(f)
    session = new_session('dis_custom', model_path=model)
    for name in sorted(os.listdir(photos)):
        to = os.path.join(results, os.path.splitext(name)[0])
        with Image.open(os.path.join(photos, name)) as photo:
            cut = remove(photo, session=session)
        product = cut.crop(cut.getchannel('A').getbbox())
        scene = staged(product)
        scene.save(to + '.png')
        for p in presets:
            variant(p, product, scene).save(f"{to}-{p['name']}.{p['format']}", quality=p.get('quality', 85))


if __name__ == '__main__':
    main(*sys.argv[1:])
