"""Renders views of 3D models in Blender's Cycles, with true light and shadows.

    blender -b --factory-startup -P render_blender.py -- LIST.json OUT

LIST.json holds the settings `views`, `size` (pixels), `samples`, `threads`, `seed`, `seconds` (0: no limit) and `models`, a list of
{"name", "file"}. For view i of a model two files appear in OUT: NAME_i_rgba.png, the object alone (size², straight alpha), and
NAME_i_shadow.png, whose alpha is the shadow that the object throws on the floor ((size/2)²). A view that is there is not made again,
and a view is complete when its shadow is there. The first views of all models come before their second ones, so that a run that is
ended early has seen every model.
"""
import json
import math
import os
import random
import sys
import time

import bpy
import mathutils


def aim(thing, target):
    thing.rotation_euler = (target - thing.location).to_track_quat('-Z', 'Y').to_euler()


def empty():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def load(path):
    """Imports a model, one unit large, standing on the ground in the middle. Returns its root, its parts and its height."""
    if hasattr(bpy.ops.wm, 'obj_import'):
        bpy.ops.wm.obj_import(filepath=path)
    else:
        bpy.ops.import_scene.obj(filepath=path)
    parts = [o for o in bpy.context.scene.objects if o.type == 'MESH']
    corners = [o.matrix_world @ mathutils.Vector(c) for o in parts for c in o.bound_box]
    low = mathutils.Vector([min(c[i] for c in corners) for i in range(3)])
    high = mathutils.Vector([max(c[i] for c in corners) for i in range(3)])
    scale = 1 / max(high - low)
    middle = mathutils.Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
    root = bpy.data.objects.new('root', None)
    bpy.context.scene.collection.objects.link(root)
    for o in parts:
        o.matrix_world = mathutils.Matrix.Scale(scale, 4) @ mathutils.Matrix.Translation(-middle) @ o.matrix_world
        o.parent = root
    return root, parts, (high.z - low.z) * scale


class Studio:
    """A floor that only catches shadows, a key and a fill light, a camera and a grey sky."""

    def __init__(self, size, samples, threads):
        bpy.ops.mesh.primitive_plane_add(size=30)
        self.floor = bpy.context.object
        self.floor.is_shadow_catcher = True
        self.key = bpy.data.objects.new('key', bpy.data.lights.new('key', 'AREA'))
        self.fill = bpy.data.objects.new('fill', bpy.data.lights.new('fill', 'AREA'))
        self.camera = bpy.data.objects.new('camera', bpy.data.cameras.new('camera'))
        for o in (self.key, self.fill, self.camera):
            bpy.context.scene.collection.objects.link(o)
        self.scene = s = bpy.context.scene
        s.camera = self.camera
        s.render.engine = 'CYCLES'
        s.cycles.device = 'CPU'
        s.cycles.samples = samples
        s.cycles.use_denoising = False
        s.cycles.max_bounces = 4
        s.render.use_persistent_data = True
        s.render.film_transparent = True
        s.render.resolution_x = s.render.resolution_y = size
        s.render.threads_mode = 'FIXED'
        s.render.threads = threads
        s.render.image_settings.color_mode = 'RGBA'
        s.view_settings.view_transform = 'Standard'
        s.world = bpy.data.worlds.new('world')
        s.world.use_nodes = True
        self.sky = s.world.node_tree.nodes['Background']

    def arrange(self, rng, root, height):
        root.rotation_euler = (0, 0, rng.uniform(0, 2 * math.pi))
        centre = mathutils.Vector((0, 0, height / 2))
        pitch = math.radians(rng.choice((rng.uniform(0, 12), rng.uniform(5, 35), rng.uniform(20, 85))))
        far = rng.uniform(2.2, 4.5)
        self.camera.location = centre + far * mathutils.Vector((0, -math.cos(pitch), math.sin(pitch)))
        aim(self.camera, centre)
        self.camera.data.angle = 2 * math.atan(rng.uniform(.7, .95) / far)
        turn, up = rng.uniform(0, 2 * math.pi), math.radians(rng.uniform(20, 75))
        self.key.location = centre + 3 * mathutils.Vector((math.cos(turn) * math.cos(up), math.sin(turn) * math.cos(up), math.sin(up)))
        self.key.data.size = rng.choice((.05, .1, .3, 1, 2.5))  # from a hard shadow to a soft one
        self.key.data.energy = rng.uniform(80, 260)
        self.key.data.color = (1, rng.uniform(.85, 1), rng.uniform(.75, 1))
        aim(self.key, centre)
        self.fill.location = (-self.key.location.x, -abs(self.key.location.y), self.key.location.z)
        self.fill.data.size = 3
        self.fill.data.energy = rng.uniform(0, 80)
        aim(self.fill, centre)
        self.sky.inputs[0].default_value = (1, 1, 1, 1)
        self.sky.inputs[1].default_value = rng.uniform(.2, 1)

    def shoot(self, path, parts, shadow):
        self.floor.hide_render = not shadow
        for o in parts:
            o.visible_camera = not shadow  # the floor sees the object's shadow, the camera only the floor
        self.scene.render.resolution_percentage = 50 if shadow else 100
        self.scene.render.filepath = path + '.part.png'
        bpy.ops.render.render(write_still=True)
        os.replace(path + '.part.png', path)


def main():
    with open(sys.argv[sys.argv.index('--') + 1], encoding='utf-8') as f:
        want = json.load(f)
    out = sys.argv[sys.argv.index('--') + 2]
    start, done = time.time(), 0
    for view in range(want['views']):
        for model in want['models']:
            path = os.path.join(out, f"{model['name']}_{view}")
            if os.path.exists(path + '_shadow.png'):
                continue
            if want['seconds'] and time.time() - start > want['seconds']:
                return
            with open(os.path.join(out, 'now.txt'), 'w', encoding='utf-8') as f:
                f.write(model['name'])  # whose fault it is when Blender itself ends
            empty()
            try:
                root, parts, height = load(model['file'])
            except (RuntimeError, ValueError, ZeroDivisionError) as e:
                print('left out', model['name'], repr(e), flush=True)
                continue
            studio = Studio(want['size'], want['samples'], want['threads'])
            studio.arrange(random.Random(f"{want['seed']} {model['name']} {view}"), root, height)
            studio.shoot(path + '_rgba.png', parts, False)
            studio.shoot(path + '_shadow.png', parts, True)
            done += 1
            print(f'view {view} {model["name"]}: {done} in {time.time() - start:.0f} s', flush=True)


main()
