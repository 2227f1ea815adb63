// Package scene places a product cut-out into a finished picture without any
// model: a procedural set, a grounded shadow and the product, composed in
// linear light.
//
// # Recomposing a picture for another format
//
// A Result keeps its layers apart, so that a square picture gives a tall story
// or a wide banner with no bars and no cropped product:
//
//  1. Crop the backdrop to the wanted aspect. It holds no product. Keep
//     Meta.FloorY inside the crop with about an eighth of the crop's height
//     below it, and Meta.HorizonY inside it where there is one.
//  2. Choose a scale s for product and shadow alike, so that the product's box
//     fits the crop with some air (s = 1 keeps the picture's own).
//  3. Anchor both on the floor: a point (x, y) of the picture goes to
//     (cx + s·(x − px), FloorY + s·(y − FloorY)), where px is the middle of
//     Meta.Exact and cx the wanted middle in the crop, both in picture pixels.
//     Stay on the row FloorY or below it; s may grow a little towards the
//     viewer, since the floor is seen in perspective. Seen from above
//     (PoseFlat) any place will do.
//  4. Stack backdrop, shadow, product with ordinary source-over blending of the
//     encoded (sRGB) values; the shadow layer's alpha is made for that.
//     The product layer, or the original cut-out scaled to Meta.Exact, goes last.
package scene

import (
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// Version names the look of the pictures. It changes whenever the same request
// gives other bytes.
const Version = "6"

// Limits of a request.
const (
	// MaxSide is the longest side of a picture in pixels.
	MaxSide = 6144
	// MaxPixels bounds a picture's area, and with it the memory of one render
	// (about 40 bytes a pixel at most).
	MaxPixels = 4096 * 4096
	// MaxFill is the largest share of the frame a product can be asked to take.
	MaxFill = 0.95
	// minFill keeps a product visible.
	minFill = 0.05
)

// Errors of Render.
var (
	ErrUnknownScene = fault.New(fault.Invalid, "unknown_scene", "There is no such scene; take one of "+picture.SceneForms())
	ErrSize         = fault.New(fault.Invalid, "size_out_of_range", fmt.Sprintf("Width and height must be 1 to %d pixels, and their product at most %d", MaxSide, MaxPixels))
)

// Light is the side on which the key light stands.
type Light int

// The sides. LightAuto takes the side of the prompt, else of the catalogue, else
// the one that the product was photographed with.
const (
	LightLeft  Light = -1
	LightAuto  Light = 0
	LightRight Light = 1
)

// String returns "left", "auto" or "right".
func (l Light) String() string {
	switch l {
	case LightLeft:
		return "left"
	case LightRight:
		return "right"
	}
	return "auto"
}

// ParseLight reads "left", "right" or "auto"; anything else is LightAuto.
func ParseLight(s string) Light {
	switch s {
	case "left":
		return LightLeft
	case "right":
		return LightRight
	}
	return LightAuto
}

// Pose tells how the product is seen.
type Pose int

// The poses. PoseAuto guesses from title, prompt and outline.
const (
	PoseAuto     Pose = iota
	PoseStanding      // on its base, camera at the side
	PoseFlat          // lying, camera above
)

// String returns "auto", "standing" or "flat".
func (p Pose) String() string {
	switch p {
	case PoseStanding:
		return "standing"
	case PoseFlat:
		return "flat"
	}
	return "auto"
}

// Request describes one picture.
type Request struct {
	// Product is the cut-out, straight alpha. nil, an empty picture and a
	// transparent one give a picture with no product in it. An opaque picture
	// (nothing was cut) is shown as a print lying on the set's surface.
	Product *image.NRGBA
	Scene   string   // one of picture.SceneTypes, or a paint (picture.ParsePaint)
	Title   string   // the product's name; only tells how it is seen (a hoodie lies flat)
	Prompt  string   // free text; colours, materials, light and mood steer
	Palette []string // brand colours, "#rrggbb" or "#rgb"; the first four that can be read
	Light   Light
	Pose    Pose
	// Catalogue makes the set depend on the request alone and never on the
	// product, so that all products of a catalogue share one backdrop, horizon,
	// light and colours. Naming a palette implies it.
	Catalogue bool
	// Fill is the share of the frame's width or height that the product's
	// longer relative side takes, 0 for the set's own; at most MaxFill.
	Fill float64
	// Box is the place for the product in pixels, x, y, width, height: it is
	// fitted in without distortion, standing on the lower edge. Zero leaves the
	// place to the set; otherwise Fill is ignored.
	Box           [4]float64
	Width, Height int // of the picture, in pixels
	Seed          uint64
	Steer         picture.Steering // Rotation and Flip are the caller's
	Plate         *Plate           // of a scene that is a plate
}

// Meta tells where things are in a picture. Pixels, origin top left.
type Meta struct {
	Scene string
	Light Light // the side taken, never LightAuto
	Pose  Pose  // the pose taken, never PoseAuto
	// Placed holds seed, size and where things are. Its Box is the rectangle of
	// the product layer: where the cut-out's alpha bounds landed, rounded; empty
	// without a product. FloorY is the row on which the product's lowest point
	// stands; for PoseFlat it is the box's lower edge. HorizonY is the row where
	// the surface ends and the background begins; 0 for PoseFlat, where all of the
	// picture is surface.
	picture.Placed
	// Exact is the Box without rounding: x, y, width, height.
	Exact [4]float64
	// Scale is the picture's pixels per pixel of the cut-out; the same on both
	// axes.
	Scale float64
	// Cached tells that the backdrop had been built before.
	Cached bool
}

// Result holds the layers, bottom first, and the flattened picture.
type Result struct {
	// Backdrop is the set alone, opaque, the full frame. The engine's cache
	// shares it: it must not be modified.
	Backdrop *image.NRGBA
	// Shadow holds shadow and reflection. Its Rect is the part of the frame
	// that it covers.
	Shadow *image.NRGBA
	// Product is the cut-out at its size in the picture; its Rect is
	// Meta.Box. Where its alpha is 255, Flat has the very same pixels.
	Product *image.NRGBA
	// Flat is the finished picture, opaque.
	Flat *image.NRGBA
	Meta Meta
}
