"""rembg_cutouts.py PHOTOS RESULTS MODEL cuts products out by rembg with a network's ONNX file."""
import os
import sys

from PIL import Image
from rembg import new_session, remove


def main(photos, results, model):
    session = new_session('dis_custom', model_path=model)
    for name in sorted(os.listdir(photos)):
        with Image.open(os.path.join(photos, name)) as photo:
            out = remove(photo, session=session)
        out.save(os.path.join(results, os.path.splitext(name)[0] + '.png'), compress_level=1)


if __name__ == '__main__':
    main(*sys.argv[1:])
