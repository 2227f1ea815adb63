package app

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/opal-photo/opal/modules/picture"
)

const translucentUsage = "clear glass of a product on a plain backdrop lets what is behind it show through; labels, lids and what has a colour of its own stay opaque"

// steeringFlags are what people wish of each picture, as flags. read returns the wishes
// when the flags have been read. Error: errFlag, for one that is given and empty.
func steeringFlags(f *pflag.FlagSet) (read func() (picture.Steering, error)) {
	var s picture.Steering
	var shadow picture.Shadow
	var seed uint64
	var relight float64
	var photoShadow map[string]string
	var translucent bool
	numbers := map[string]**float64{}
	values := map[string]*float64{}
	number := func(name string, to **float64, usage string) {
		values[name], numbers[name] = f.Float64(name, 0, usage+" (default: the scene's own)"), to
	}
	number("x", &s.X, "where the middle of the product is, a share of the frame's width, 0 to 1 from the left")
	number("y", &s.Y, "where its lowest point stands, a share of the frame's height, 0 to 1 from the top")
	f.Float64Var(&s.Scale, "scale", 0, "times the size that the product would have, by --height-mm or --fill, too, 0.1 to 4")
	f.Float64Var(&s.Rotation, "rotate", 0, "degrees by which the product is turned clockwise, -180 to 180, in all variants, those on white, too")
	f.BoolVar(&s.Flip, "flip", false, "exchange left and right of the product, in all variants, those on white, too: words on it read backwards")
	f.StringVar(&s.Anchor, "anchor", "", "floor, or the frame's edge that the product comes out of: bottom, top, left, right (default: the edge at which the photo cut it off, else floor)")
	f.BoolVar(&shadow.Off, "no-shadow", false, "no shadow")
	number("shadow-strength", &shadow.Strength, "times the scene's own, 0 to 1.5")
	number("shadow-softness", &shadow.Softness, "0 of bare sun to 1 of a large soft light")
	number("shadow-length", &shadow.Length, "times the scene's own, 0 to 3")
	number("shadow-direction", &shadow.Direction, "where the shadow falls, degrees seen from above, 0 to 360: 0 to the viewer, 90 right, 180 away, 270 left")
	number("light-angle", &s.LightAngle, "where the light comes from, degrees seen from above, 0 to 360: 0 the viewer, 90 right, 180 behind, 270 left")
	number("reflection", &s.Reflection, "in the floor, 0 to 1")
	f.Float64Var(&relight, "relight", 0, "how much of the scene's light falls on the product, 0 to 1: tint, rim and darkness at its foot, on a layer of its own; never on white and on marketplaces")
	f.Uint64Var(&seed, "seed", 0, "0 to 2^53: another number is another picture of the same scene")
	f.Float64Var(&s.HeightMM, "height-mm", 0, "the products' real height in millimetres, 1 to 10,000")
	f.Float64Var(&s.FrameMM, "frame-mm", 0, "how many millimetres of the floor the frame shows where products stand, 10 to 50,000 (default: the scene's own)")
	number("camera-pitch", &s.CameraPitch, "degrees by which the camera looks down on the scene, 0 to 90, from 60 on from above; products are shown as they were photographed")
	f.BoolVar(&translucent, "translucent", false, translucentUsage)
	f.StringToStringVar(&photoShadow, "photo-shadow", nil, "what becomes of the photo's own shadow, by presets' names, white (all on white) and scene: keep, soften, contact (a soft one in its place, on white) or drop, as in white=soften,scene=keep (default: drop)")
	return func() (picture.Steering, error) {
		for name, empty := range map[string]struct {
			is   bool
			says string
		}{"scale": {s.Scale == 0, "0.1 to 4"}, "height-mm": {s.HeightMM == 0, "1 to 10,000 millimetres"}, "frame-mm": {s.FrameMM == 0, "10 to 50,000 millimetres"}, "anchor": {s.Anchor == "", "floor, bottom, top, left or right"}} {
			if empty.is && f.Changed(name) {
				return picture.Steering{}, errFlag.With("--%s must be %s; leave it out for the scene's own", name, empty.says)
			}
		}
		for name, to := range numbers {
			if f.Changed(name) {
				*to = values[name]
			}
		}
		out := s
		out.PhotoShadow = photoShadow
		if f.Changed("translucent") {
			out.Translucent = &translucent
		}
		if f.Changed("relight") {
			out.Relight = &relight
		}
		if f.Changed("seed") {
			out.Seed = &seed
		}
		if shadow != (picture.Shadow{}) {
			out.Shadow = &shadow
		}
		return out, nil
	}
}

// wishFlag is the flag by which a wish is stated; see picture.Wishes.
func wishFlag(field string) string {
	switch field {
	case "rotation":
		return "--rotate"
	case "shadow.off":
		return "--no-shadow"
	}
	return "--" + strings.NewReplacer("_", "-", ".", "-").Replace(field)
}
