"""Fetches what the training is made of, by the ordinary clients: npm packages, and models that a Debian package brings."""
import base64
import os
import re
import shutil
import subprocess
import tarfile
import zipfile

EMOJI = '@lobehub/fluent-emoji-3d@1.1.0'
PLACES = '@pmndrs/assets@1.7.0'
FURNITURE = '/usr/share/sweethome3d/furniture/BlendSwap-CC-0.sh3f'
PACKAGES = 'blender sweethome3d-furniture python3-torch python3-opencv python3-pil python3-numpy'


def missing():
    """What has to be installed first, a sentence each."""
    need = []
    for tool in ('blender', 'npm'):
        if not shutil.which(tool):
            need.append(f'there is no {tool}')
    if not os.path.exists(FURNITURE):
        need.append(f'there is no {FURNITURE}')
    return need


def emoji(folder):
    """Returns the folder with the sprites, after unpacking the package into it."""
    return os.path.join(package(EMOJI, folder), 'assets')


def places(folder):
    """Returns {name: bytes of an OpenEXR file}: panoramas of places, 512 × 256, linear light, which the package holds as text of JavaScript."""
    hdri, found = os.path.join(package(PLACES, folder), 'hdri'), {}
    for f in sorted(os.listdir(hdri)):
        if f.endswith('.exr.js'):
            with open(os.path.join(hdri, f), encoding='ascii') as text:
                data = re.search(r'base64,([A-Za-z0-9+/=]+)', text.read())
            found[f.split('.')[0]] = base64.b64decode(data.group(1), validate=True)
    return found


def package(name, folder):
    """Returns the folder of an npm package's files, after fetching and unpacking it. Nothing of it is run."""
    unpacked = os.path.join(folder, 'package')
    if not os.path.isdir(unpacked):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(['npm', 'pack', '--silent', name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        packed = [f for f in os.listdir(folder) if f.endswith('.tgz')]
        with tarfile.open(os.path.join(folder, packed[0])) as t:
            members = [m for m in t.getmembers() if m.isfile() and m.name.startswith('package/') and '..' not in m.name]
            t.extractall(folder + '.part', members)
        shutil.move(os.path.join(folder + '.part', 'package'), unpacked)
        os.rmdir(folder + '.part')
    return unpacked


def models(folder, archive=FURNITURE):
    """Unpacks the models. Returns {"name", "file", "title", "creator"} for each that has a licence of CC0."""
    if not os.path.isdir(folder):
        with zipfile.ZipFile(archive) as z:
            z.extractall(folder + '.part')
        os.rename(folder + '.part', folder)
    with open(os.path.join(folder, 'PluginFurnitureCatalog.properties'), encoding='latin-1') as f:
        return catalogue(f.read(), folder)


def free(folder):
    """Whether no licence file beside a model asks for more than CC0 does. A model without one rests on the catalogue's."""
    if not os.path.isdir(folder):
        return True
    for name in sorted(os.listdir(folder)):
        if re.search('licen[cs]e', name, re.I):
            with open(os.path.join(folder, name), encoding='latin-1') as f:
                text = ' '.join(re.sub(r'<[^>]+>', ' ', f.read()).split())
            if re.search(r'creative commons attribution|licen[cs]ed? under (?:a )?cc.by', text, re.I) or not re.search(r'\bzero\b|\bcc.?0\b|public domain', text, re.I):
                return False
    return True


def catalogue(text, folder):
    """Reads the catalogue of the models. Two of them (Debian 1.8: winchesterArmchair, winchesterSofa) have a licence of their own beside it, CC-BY 3.0."""
    if not re.search(r'^license=Public domain', text, re.M):
        raise RuntimeError('these models are not in the public domain')
    found, entries = [], {}
    for key, number, value in re.findall(r'^(name|model|creator)#(\d+)=(.*?)\s*$', text, re.M):
        entries.setdefault(int(number), {})[key] = value
    for number in sorted(entries):
        e = entries[number]
        if 'model' in e:
            path = os.path.join(folder, e['model'].lstrip('/'))
            if not free(os.path.dirname(path)):
                continue
            found.append(dict(name=os.path.splitext(os.path.basename(path))[0], file=path, title=e.get('name', ''), creator=e.get('creator', '')))
    return found
