package scene

import (
	"container/list"
	"context"
	"image"
	"math"
	"sync"

	"github.com/opal-photo/opal/modules/picture"
)

// usualPixels is the size for which New counts backdrops.
const usualPixels = 2048 * 2048

// Engine renders requests and keeps the most recent backdrops. It is safe for
// concurrent use.
type Engine struct {
	mu     sync.Mutex
	budget int // pixels that may be kept
	kept   int
	order  *list.List // of *entry, most recent first
	byKey  map[cacheKey]*list.Element
	looks  map[tuning]look // tuned to palettes
}

// cacheKey is all that a backdrop depends on.
type cacheKey struct {
	look look
	w, h int
	room room
	seed uint64
}

type entry struct {
	key  cacheKey
	once sync.Once
	set  *backdrop
}

func (e *entry) pixels() int { return e.key.w * e.key.h }

// New returns an engine that keeps as many backdrops as backdrops 2048 px
// squares take (42 MB each); smaller pictures more, larger ones fewer.
func New(backdrops int) *Engine {
	return &Engine{budget: max(backdrops, 0) * usualPixels, order: list.New(), byKey: map[cacheKey]*list.Element{}, looks: map[tuning]look{}}
}

// Render produces one picture. The same request always gives the same bytes on
// one CPU architecture. Errors: ErrUnknownScene, ErrSize, or the context's error.
func (e *Engine) Render(ctx context.Context, req Request) (*Result, error) {
	if req.Width < 1 || req.Height < 1 || req.Width > MaxSide || req.Height > MaxSide || req.Width*req.Height > MaxPixels {
		return nil, ErrSize.With("%d×%d", req.Width, req.Height)
	}
	if err := req.Steer.Check(); err != nil {
		return nil, err
	}
	st, ok := findScene(req.Scene)
	if !ok {
		return nil, ErrUnknownScene.With("%q", req.Scene)
	}
	if _, ok := picture.ParsePlate(req.Scene); ok {
		if req.Plate == nil || req.Plate.Image == nil {
			return nil, ErrPlateMissing.With("%s", req.Scene)
		}
		st = req.Plate.set()
	}
	if s := req.Steer.Seed; s != nil {
		req.Seed = *s
	}
	if req.Plate == nil && !st.painted {
		st = st.arranged(req.Seed)
	}
	words := parsePrompt(req.Prompt)
	palette := readPalette(req.Palette)
	var hexes []string
	catalogue := req.Catalogue || len(palette) > 0
	p := analyse(req.Product)
	pose := choosePose(req, words, p)
	if pitch := req.Steer.CameraPitch; pitch != nil && req.Pose == PoseAuto && !p.whole {
		pose = posePitched(*pitch)
	}
	upended := req.Plate != nil && pose == PoseFlat && req.Pose == PoseAuto && req.Plate.Horizon > 0 && !p.whole
	if upended {
		pose = PoseStanding // the photograph says where its camera was
	}
	side, harmony := chooseLight(steeredLight(req), words.side, st.side, p, catalogue)

	lk := resolveLook(st, words, palette, p, catalogue, side, pose == PoseFlat)
	var r room
	switch {
	case req.Box[2] >= 1 && req.Box[3] >= 1:
		for i, v := range req.Box {
			r.box[i] = float32(clampF(v, -MaxSide, MaxSide))
		}
	case req.Fill > 0:
		r.fill = float32(clampF(req.Fill, minFill, MaxFill))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.pitch = pitchOf(req.Steer)
	if len(palette) > 0 && !st.painted && req.Plate == nil {
		lk = e.tuned(lk, palette, cacheKey{w: req.Width, h: req.Height, room: r, seed: req.Seed})
	}
	var b *backdrop
	var cached bool
	if req.Plate != nil {
		b = req.Plate.backdrop(req.Width, req.Height, pose == PoseFlat, r.fill)
	} else {
		b, cached = e.backdrop(cacheKey{lk, req.Width, req.Height, r, req.Seed})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	res := &Result{Backdrop: b.img, Meta: Meta{Scene: st.name, Light: lk.side, Pose: pose, Cached: cached}}
	for i := range palette {
		hexes = append(hexes, hexOf(palette[i]))
	}
	res.Meta.Areas = b.areasOf(req, hexes)
	if req.Plate == nil {
		res.Meta.Placed.Light = lk.side.String()
	}
	res.Meta.Seed, res.Meta.Width, res.Meta.Height = req.Seed, req.Width, req.Height
	floor := b.frame.contact
	if pose == PoseStanding {
		res.Meta.HorizonY = int(b.frame.edge * b.frame.unit)
	}
	res.Meta.FloorY = int(floor * b.frame.unit)
	if p.box.Empty() {
		res.Flat = b.img
		res.Shadow, res.Product = image.NewNRGBA(image.Rectangle{}), image.NewNRGBA(image.Rectangle{})
		return res, nil
	}
	scale, left, bottom := fit(p, &b.frame, &lk, r.asked(), r.box[2] > 0, req.Steer.Room)
	scale, left, bottom, wished := moved(req, p, &b.frame, &lk, scale, left, bottom)
	pl := place(p, scale, left, bottom)
	if req.Plate != nil && req.Steer.LightAngle == nil && (req.Steer.Shadow == nil || req.Steer.Shadow.Direction == nil) {
		req.Steer.LightAngle = &req.Plate.LightAngle
	}
	lk.shade(req.Steer, wished.anchor)
	if req.Plate != nil {
		b.match(pl)
		lk.tint = b.floorColour(left+float64(p.box.Dx())*scale/2, bottom)
		harmony = 1
	}
	res.Meta.Anchor, res.Meta.Zoom, res.Meta.At, res.Meta.Fixed, res.Meta.Note = wished.anchor, wished.zoom, wished.at, wished.fixed || req.Plate != nil, wished.note
	res.Meta.Note = picture.Noted(res.Meta.Note, unseen(req, st))
	if upended {
		res.Meta.Note = picture.Noted(res.Meta.Note, upendedNote)
	}
	res.Product = pl.pix
	res.Meta.Box, res.Meta.Exact, res.Meta.Scale = picture.BoxOf(pl.rect), pl.box, pl.scale
	res.Meta.FloorY = int(math.Round(pl.box[1] + pl.box[3]))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	res.Flat, res.Shadow = flatten(b, pl, castGround(pl, b, &lk, harmony), &lk)
	return res, nil
}

// backdrop returns the set for key, built at most once at a time, and whether
// it was there already.
func (e *Engine) backdrop(key cacheKey) (*backdrop, bool) {
	e.mu.Lock()
	el, hit := e.byKey[key]
	if hit {
		e.order.MoveToFront(el)
	} else {
		el = e.order.PushFront(&entry{key: key})
		e.byKey[key] = el
		e.kept += key.w * key.h
		for e.kept > e.budget && e.order.Len() > 0 {
			old := e.order.Remove(e.order.Back()).(*entry)
			delete(e.byKey, old.key)
			e.kept -= old.pixels()
		}
	}
	e.mu.Unlock()
	// An entry that was pushed out still serves those who hold it.
	en := el.Value.(*entry)
	en.once.Do(func() { en.set = buildBackdrop(key.look, key.w, key.h, key.room, key.seed) })
	return en.set, hit
}

// readPalette takes the first colours that can be read.
func readPalette(hexes []string) []rgb {
	var out []rgb
	for _, s := range hexes {
		if c, ok := parseHex(s); ok && len(out) < maxColours {
			out = append(out, c)
		}
	}
	return out
}

// choosePose takes the requested pose, then the pose that the words mean, then the
// one that the outline suggests. A picture from which nothing was cut lies flat, as
// a print does: it has no base to stand on.
func choosePose(req Request, words steer, p *product) Pose {
	switch {
	case req.Pose != PoseAuto:
		return req.Pose
	case words.flat, parsePrompt(req.Title).flat, p.whole, p.flat:
		return PoseFlat
	}
	return PoseStanding
}

// upendedNote is for a product that lies in its photo, and stands on a plate.
const upendedNote = "the photo shows the product from above, lying, and the plate its floor from the front, so the product stands on its end: take a plate that was photographed from above"

// discord is how strongly a shadow is slanted when the catalogue's light comes
// from the side opposite to the product's own shading: the contradiction shows
// only faintly.
const discord = 0.45

// chooseLight returns the key light's side and how strongly to show it, 0..1.
func chooseLight(asked, prompt, own Light, p *product, catalogue bool) (Light, float32) {
	shading := p.lightSide()
	side := asked
	if side == LightAuto {
		side = prompt
	}
	if side == LightAuto && !catalogue {
		side = shading
	}
	if side == LightAuto {
		side = own
	}
	if asked == LightAuto && shading != LightAuto && shading != side {
		return side, discord
	}
	return side, 1
}

// Warm builds the tables that every render needs (about 60 ms), so that the first
// render does not have to.
func Warm() {
	encodeTable()
	ditherTile()
	cloudTile()
	warpTile()
	speckTile()
}
