package export

import (
	"image"
	"strings"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/shade"
)

// Source is the finished picture that variants are made of, in its layers. Its
// paths are those of container "outputs".
type Source struct {
	picture.Layers
	Filename string `json:"filename"`
	Scene    string `json:"scene,omitempty"` // scene type

	PlateName string `json:"plate_name,omitempty"` // for people, of a scene that is a plate

	Product picture.Product `json:"product,omitzero"`
	Rights  picture.Rights  `json:"rights,omitzero"`  // of the brand: stated in the place of the photo's
	Naming  string          `json:"naming,omitempty"` // of the brand: the pattern of names that no channel demands; "": the photo's name

	Confidence   *float64 `json:"confidence,omitempty"`    // of the cut-out
	NeedsReview  bool     `json:"needs_review,omitempty"`  // a person has to look before it is delivered
	ReviewReason string   `json:"review_reason,omitempty"` // what is to be looked at, and where

	alone      bool // the scale of the product's set is left away: its channel refuses it
	shadowless bool // the photo's own shadow is left away: its channel refuses it
	replaced   bool // the ZIP holds another item's picture in its place
}

// shows reports whether a preset's file shows the scene.
func (s *Source) shows(p channel.Preset) bool {
	return s.Scene != "" && s.BackdropPath != "" && p.Background == channel.Scene
}

// plateName returns the plate's name without what would be a folder in a path.
func (s *Source) plateName() string {
	return strings.NewReplacer("/", " ", `\`, " ").Replace(s.PlateName)
}

// sceneLabel returns the scene's name for files: a plate's own, without its file's ending.
func (s *Source) sceneLabel() string {
	if name := s.plateName(); name != "" {
		if own := filename.Slug(name); own != "" {
			return own
		}
	}
	return picture.SceneLabel(s.Scene)
}

// made returns how a preset's variant is made, leaving aside what its photo states. On
// white or on nothing it shows none of a scene that was generated.
func (s *Source) made(p channel.Preset) imaging.SourceType {
	if s.Generated && p.Background == channel.Scene {
		return imaging.SourceGenerated
	}
	return imaging.SourceComposite
}

// OwnShadowPath names the layer of the photo's own shadow; "" where there is none.
func (s *Source) OwnShadowPath() string {
	if s.OwnShadow == nil {
		return ""
	}
	return s.OwnShadow.Path
}

// Layers are a source's decoded pictures. Rendering changes none of them.
type Layers struct {
	Source
	Cutout   *image.NRGBA // straight alpha
	Backdrop *image.NRGBA // opaque; nil without a scene
	Shadow   *image.NRGBA // nil when there is none; else of the scene's size
	Own      *image.NRGBA // the photo's own shadow; nil where it isn't kept
	Light    *shade.Light // of the scene on the product; nil where none falls on it
	On       time.Time    // the day whose rules count; zero: today

	entire func() bool // the answer of whole, which looks at every pixel: each variant asks several times
}

// Recycle lets the memory of pictures be used again that belong to these layers alone: nobody
// may use one of them any more.
func (l *Layers) Recycle() {
	for _, img := range []*image.NRGBA{l.Cutout, l.Backdrop, l.Shadow, l.Own} {
		imaging.Recycle(img)
	}
	*l = Layers{}
}

// ErrLayers says that a picture's layers don't fit together.
var ErrLayers = fault.New(fault.Invalid, "layers_invalid", "The picture's layers can't be put together; process the photo again")

// sound returns the layers with missing values filled in and values that
// contradict the pictures corrected, or ErrLayers.
func (l *Layers) sound() (*Layers, error) {
	if l.Cutout == nil || l.Cutout.Rect.Empty() {
		return nil, ErrLayers.With("the cut-out is missing or empty")
	}
	s := *l
	b := s.CutoutBounds.Rect().Intersect(s.Cutout.Rect)
	if b.Empty() {
		b = s.Cutout.Rect
	}
	s.CutoutBounds = picture.BoxOf(b)
	s.entire = sync.OnceValue(s.isWhole)
	if s.Backdrop == nil {
		s.Shadow = nil
		return &s, nil
	}
	s.Width, s.Height = s.Backdrop.Rect.Dx(), s.Backdrop.Rect.Dy()
	if s.Backdrop.Rect.Empty() {
		return nil, ErrLayers.With("the backdrop is empty")
	}
	if s.Original {
		if s.Backdrop.Rect.Size() != s.Cutout.Rect.Size() {
			return nil, ErrLayers.With("the cut-out is %v and its photo %v", s.Cutout.Rect.Size(), s.Backdrop.Rect.Size())
		}
		s.Box = s.CutoutBounds // it may have been corrected since
	}
	if s.Shadow != nil && s.Shadow.Rect.Size() != s.Backdrop.Rect.Size() {
		return nil, ErrLayers.With("the shadow is %v and the backdrop %v", s.Shadow.Rect.Size(), s.Backdrop.Rect.Size())
	}
	if s.Box.Empty() || !s.Box.Rect().Overlaps(s.Backdrop.Rect) {
		if s.ContainsProduct {
			return nil, ErrLayers.With("where the product is in its scene is not known")
		}
		s.Box, s.FloorY = picture.Stand(b.Dx(), b.Dy(), s.Width, s.Height, 0)
	}
	return &s, nil
}

// whole reports whether nothing was cut out: the whole photo is the product.
func (l *Layers) whole() bool {
	if l.entire != nil {
		return l.entire()
	}
	return l.isWhole()
}

func (l *Layers) isWhole() bool {
	return l.CutoutBounds.Rect() == l.Cutout.Rect && imaging.Opaque(l.Cutout)
}

// product is the visible part of the cut-out, at the few sizes from which the
// variants are made. It is safe for concurrent use, unless it is one variant's.
type product struct {
	img   *image.NRGBA
	twice func() *image.NRGBA // made when it is first needed

	ofOne  bool            // one variant's: it keeps the last size, which that needs twice
	last   *image.NRGBA    // only read
	square image.Rectangle // of a swatch, in pixels of the cut-out

	roomX, roomY float64 // see Source.room
}

// spare is how much larger than the largest variant a photo must be to be worth
// an intermediate of its own.
const spare = 0.8

// newProduct crops the cut-out to its bounds. One step down from a
// 12-megapixel photo, to the longest side that any variant wants, serves them
// all.
func newProduct(l *Layers, longest int) *product {
	r := l.CutoutBounds.Rect()
	p := view(l.Cutout, r)
	if k := float64(longest) / float64(max(r.Dx(), r.Dy())); k < spare {
		p = imaging.Resize(p, atLeastOne(float64(r.Dx())*k), atLeastOne(float64(r.Dy())*k))
	} else {
		p = imaging.Part(l.Cutout, r)
	}
	kx, ky := l.room()
	return &product{roomX: kx, roomY: ky, img: p, twice: sync.OnceValue(func() *image.NRGBA { return imaging.Upscale2x(p) })}
}

// forOne returns the product as one variant uses it.
func (p *product) forOne() *product {
	if p.ofOne {
		return p
	}
	return &product{img: p.img, twice: p.twice, ofOne: true, roomX: p.roomX, roomY: p.roomY}
}

// of returns the product as other layers of it lay it out.
func (p *product) of(l *Layers) *product {
	kx, ky := l.room()
	return &product{img: p.img, twice: p.twice, roomX: kx, roomY: ky}
}

// recycleLast lets the memory of a variant's product be used again, when it is made.
func (p *product) recycleLast() {
	if p.last != p.img { // which other variants use
		imaging.Recycle(p.last)
	}
	p.last = nil
}

// recycle lets the product's memory be used again, when all variants are made.
func (p *product) recycle() { imaging.Recycle(p.img) }

func (p *product) size() (w, h int) { return p.img.Rect.Dx(), p.img.Rect.Dy() }

// at returns the product at a size. It enlarges with the 2× kernel, which keeps
// edges sharp and free of rings. The caller doesn't write to it.
func (p *product) at(w, h int) *image.NRGBA {
	if !p.ofOne {
		return p.resized(w, h)
	}
	if p.last == nil || p.last.Rect.Size() != image.Pt(w, h) {
		p.last = p.resized(w, h)
	}
	return p.last
}

func (p *product) resized(w, h int) *image.NRGBA {
	pw, ph := p.size()
	switch {
	case w == pw && h == ph:
		return p.img
	case w <= pw || h <= ph || min(pw, ph) < 2:
		return imaging.Resize(p.img, w, h)
	}
	big := p.twice()
	for w >= 2*big.Rect.Dx() && h >= 2*big.Rect.Dy() {
		big = imaging.Upscale2x(big)
	}
	return imaging.Resize(big, w, h)
}

func atLeastOne(v float64) int { return max(1, int(v+.5)) }
