package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path"
	"strings"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// sceneSize is the side of the square that the scoring service makes; enlarging
// doubles it.
const sceneSize = 1024

// placeTries bounds how often a scene that grew or moved the product is asked
// for again, with another seed.
const placeTries = 3

// ErrProductChanged says that no scene kept the product as it was.
var ErrProductChanged = fault.New(fault.Invalid, "product_changed",
	"The scoring service changed the product's size, place or looks in every scene it made; try another scene or prompt")

// place asks the scoring service for a scene and checks that the product in it
// is where and as large as it says.
func place(ctx context.Context, p *Pipeline, s *state) error {
	if s.done.Placed != nil {
		s.result.Placed = *s.done.Placed
		return errReused
	}
	cut, err := s.cutoutImage(ctx)
	if err != nil {
		return err
	}
	if err := proportioned(s.cutBounds.Size(), "product"); err != nil {
		return err
	}
	if s.original() {
		return p.placeOriginal(ctx, s)
	}
	input, err := s.placeInput(ctx, cut)
	if err != nil {
		return err
	}
	req := Placement{
		TenantID: s.in.TenantID, JobID: s.in.JobID, ItemID: s.in.ItemID,
		Title: title(s.in.Filename), Scene: s.in.Scene, Prompt: prompt(&s.in), Look: s.in.look(),
		Width: sceneSize, Height: sceneSize, Steering: s.in.steering(),
		Cutout: cut, CutoutPath: input, Artifacts: s.artifacts,
	}
	req.Steering.Rotation, req.Steering.Flip, req.Steering.PhotoShadow, req.Steering.Translucent = 0, false, nil, nil
	req.Steering.Room = room(s.shared(), s.cutBounds)
	plateNote := ""
	if _, ok := picture.ParsePlate(s.in.Scene); ok {
		if plateNote, err = s.loadPlate(ctx, &req); err != nil {
			return err
		}
	}
	for try := range placeTries {
		req.Seed = seedOf(&s.in) + uint64(try)
		placed, err := p.placer.Place(ctx, req)
		if err != nil {
			return fmt.Errorf("place the product: %w", err)
		}
		crashpoint.Reach(crashpoint.SceneScored)
		left := req.Steering.Unfollowed()
		if placed.Followed {
			left = nil
		}
		if req.Plate != nil {
			placed.PlateName = req.Plate.Name
		}
		placed.Note = picture.Noted(placed.Note, plateNote)
		if req.Steering.Seed != nil && placed.Seed != req.Seed {
			left = append(left, "seed")
		}
		if len(left) > 0 {
			placed.Note = picture.Noted(placed.Note, "engine "+placed.Engine+" doesn't follow "+strings.Join(left, ", "))
		}
		if placed.Box == (picture.Box{}) {
			placed.Box, placed.FloorY = picture.Stand(s.cutBounds.Dx(), s.cutBounds.Dy(), placed.Width, placed.Height, s.in.Look.ProductFill)
		}
		l, err := p.load(ctx, s, placed)
		if err != nil {
			return err
		}
		err = verify(placed, cut, s.cutBounds, l)
		if err == nil {
			s.layers, s.done.Placed, s.result.Placed = l, placed, *placed
			s.done.EngineSSIM = engineSSIM(placed, cut, s.cutBounds, l)
			return s.checkpoint(ctx)
		}
		if !errors.Is(err, ErrProductChanged) || try == placeTries-1 {
			return err
		}
	}
	return nil
}

// errNoPlate says that the scene is a plate and nobody knows its photograph.
var errNoPlate = fault.New(fault.Invalid, "plate_not_found", "The plate that the scene names is not there")

// softPlate is how far a plate may be enlarged before people are told: beside a sharp
// product it looks soft.
const softPlate = 1.5

// loadPlate fetches the plate and gives the scene its proportions. It returns what people
// should know of the photograph, "" for nothing.
func (s *state) loadPlate(ctx context.Context, req *Placement) (note string, err error) {
	if s.in.Plate == nil {
		return "", errNoPlate.With("%s", s.in.Scene)
	}
	plate, err := s.in.Plate(ctx)
	if err != nil {
		return "", fmt.Errorf("fetch the plate: %w", err)
	}
	info, err := imagefile.Inspect(plate.File)
	if err != nil {
		return "", fmt.Errorf("look at the plate: %w", err)
	}
	side := sceneSize
	if s.in.Options.Upscale {
		side *= enlargeFactor // the photograph has the detail: nothing is enlarged later
	}
	k := float64(side) / float64(max(info.Width, info.Height))
	req.Width, req.Height = max(1, int(float64(info.Width)*k+.5)), max(1, int(float64(info.Height)*k+.5))
	req.Plate = &plate
	notes := plate.Notes()
	if w := s.in.steering(); w.HeightMM > 0 && w.FrameMM == 0 && (plate.FrameMM == 0 || plate.FrameMM == plate.EstimateFrame(info.Width, info.Height)) {
		notes = append(notes, "how large things are in the plate is guessed, so height_mm may not hold: set its frame_mm")
	}
	if k > softPlate {
		notes = append(notes, fmt.Sprintf("the plate has %d×%d pixels and is enlarged %.1f×, so it is softer than the product: a photograph of %d pixels or more is sharp", info.Width, info.Height, k, side))
	}
	return strings.Join(notes, "; "), nil
}

// inputSide is the longest side, in pixels, of the picture that a scoring service
// gets: twice the side of the scene. A 50-megapixel cut-out would only cost it time.
const inputSide = 2 * sceneSize

// placeInput returns the path of the cut-out that a scoring service fetches: the
// cut-out itself, or a smaller copy of a large one.
func (s *state) placeInput(ctx context.Context, cut *image.NRGBA) (string, error) {
	k := float64(inputSide) / float64(max(cut.Rect.Dx(), cut.Rect.Dy()))
	if k >= 1 {
		return s.result.CutoutPath, nil
	}
	small := imaging.Resize(cut, max(1, int(float64(cut.Rect.Dx())*k+.5)), max(1, int(float64(cut.Rect.Dy())*k+.5)))
	b, err := imaging.Encode(small, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		return "", fmt.Errorf("encode the scoring service's input: %w", err)
	}
	path, err := s.artifacts.Put(ctx, "input", "png", "image/png", b)
	if err != nil {
		return "", fmt.Errorf("store the scoring service's input: %w", err)
	}
	return path, nil
}

// load decodes the layers of a scene. They come from another service, so they
// are decoded like any other bytes from outside.
func (p *Pipeline) load(ctx context.Context, s *state, placed *picture.Placed) (*layers, error) {
	get := func(what, path string) (*image.NRGBA, error) {
		b, err := s.artifacts.Get(ctx, path)
		if err != nil && fault.KindOf(err) == fault.NotFound {
			return nil, ErrSceneImage.With("it says that it stored the %s, which is not there", what)
		}
		if err != nil {
			return nil, fmt.Errorf("load the %s: %w", what, err)
		}
		img, _, err := p.decoder.Decode(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("decode the %s: %w", what, ErrSceneImage.With("%s", err))
		}
		if img.Rect.Dx() != placed.Width || img.Rect.Dy() != placed.Height {
			return nil, ErrSceneImage.With("the %s is %d×%d, the service said %d×%d", what, img.Rect.Dx(), img.Rect.Dy(), placed.Width, placed.Height)
		}
		return img, nil
	}
	l := &layers{scale: 1}
	var err error
	if l.backdrop, err = get("scene", placed.BackdropPath); err != nil {
		return nil, err
	}
	if placed.ShadowPath != "" {
		if l.shadow, err = get("shadow", placed.ShadowPath); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// ErrSceneImage says that the scoring service's picture can't be used. Another
// call may give a good one.
var ErrSceneImage = fault.New(fault.Unavailable, "scene_image_invalid", "The scoring service returned a picture that can't be used")

// prompt joins the item's own words with those of the look.
func prompt(in *Input) string {
	var parts []string
	for _, p := range append([]string{in.Prompt, in.Look.ScenePrompt, in.Look.Mood}, in.Look.Keywords...) {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// title makes a product's name from its file's name: "red-leather_bag.JPG" becomes
// "red leather bag".
func title(filename string) string {
	name := strings.TrimSuffix(filename, path.Ext(filename))
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '.' }), " ")
}
