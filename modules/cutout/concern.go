package cutout

import (
	"cmp"
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/picture"
)

// The kinds of concern, for programs.
const (
	ConcernUndecided = "undecided" // the network is unsure whether it belongs to the product
	ConcernBackdrop  = "backdrop"  // inside the outline it looks like the backdrop
	ConcernShadow    = "shadow"    // inside the outline it looks like the backdrop in shadow
	ConcernEdge      = "edge"      // the product hardly differs from what is behind it
	ConcernFrame     = "frame"     // the picture's edge cuts the product
	ConcernParts     = "parts"     // several pieces
	ConcernDisagree  = "disagree"  // the network and the classical engine see it differently
	ConcernClutter   = "clutter"   // the background is not plain, or something lies beside the product
	ConcernOutline   = "outline"   // the outline as a whole
	ConcernBrought   = "brought"   // the photo's own transparency looks like no cut-out
	ConcernHints     = "hints"     // people's hints took what the engine was sure of, or their box cuts the product
)

var concernText = map[string]string{
	ConcernUndecided: "The engine is unsure whether this belongs to the product",
	ConcernBackdrop:  "This may be the backdrop, seen through the product or left inside its outline",
	ConcernShadow:    "A shadow or a piece of the floor may be left at the product",
	ConcernEdge:      "The product hardly differs from its background here, so the outline may be wrong",
	ConcernFrame:     "The product touches the picture's edge and may be cut off",
	ConcernParts:     "There are several pieces; check that all of them belong to the product",
	ConcernDisagree:  "The product may go on here, or end sooner",
	ConcernClutter:   "The background is not plain, so the outline may be wrong; photograph the product on a plain backdrop",
	ConcernOutline:   "The outline of the product is uncertain; check the cut-out",
}

// places collects where pixels of the working picture give cause for concern.
type places struct {
	w, h int
	kind map[string]*place
}

// place is the pixels of one kind.
type place struct {
	at     []bool
	weight float64 // how much the kind speaks against the cut-out: at 1 it is grave
}

func newPlaces(w, h int) *places { return &places{w, h, map[string]*place{}} }

func (p *places) mark(kind string, i int) {
	q := p.kind[kind]
	if q == nil {
		q = &place{at: make([]bool, p.w*p.h)}
		p.kind[kind] = q
	}
	q.at[i] = true
}

// weigh sets how much a kind speaks against the cut-out. Kinds without a weight are
// not reported.
func (p *places) weigh(kind string, weight float64) {
	if q := p.kind[kind]; q != nil {
		q.weight = weight
	}
}

// atLeast raises how much a kind speaks against the cut-out.
func (p *places) atLeast(kind string, weight float64) {
	if q := p.kind[kind]; q != nil {
		q.weight = max(q.weight, weight)
	}
}

const (
	concernFrom  = .15 // weight from which a kind is told
	concernReach = 6   // pixels between marks that count as one place
)

// concerns tells the kinds, the gravest first, each with the place that has most of
// its pixels. W×H is the photo.
func (p *places) concerns(W, H int) []picture.Concern {
	var kinds []string
	for k, q := range p.kind {
		if q.weight >= concernFrom {
			kinds = append(kinds, k)
		}
	}
	slices.SortFunc(kinds, func(a, b string) int {
		return cmp.Or(cmp.Compare(p.kind[b].weight, p.kind[a].weight), cmp.Compare(a, b))
	})
	var all []picture.Concern
	for _, k := range kinds {
		all = append(all, concern(k, p.largest(p.kind[k].at), p.w, p.h, W, H))
	}
	return all
}

// concern tells a kind at a place of the w×h working picture.
func concern(kind string, at image.Rectangle, w, h, W, H int) picture.Concern {
	c := picture.Concern{Kind: kind, Text: concernText[kind]}
	if at.Empty() {
		return c
	}
	x0, y0 := at.Min.X*W/w, at.Min.Y*H/h
	x1, y1 := (at.Max.X*W+w-1)/w, (at.Max.Y*H+h-1)/h
	c.Box = picture.Box{x0, y0, min(x1, W) - x0, min(y1, H) - y0}
	return c
}

// largest bounds the place with most of the marked pixels.
func (p *places) largest(at []bool) (box image.Rectangle) {
	most := 0
	near := dilate(at, p.w, p.h, concernReach)
	eachPart(near, p.w, p.h, func(part []int32) {
		n := 0
		var b image.Rectangle
		for _, i := range part {
			if at[i] {
				n++
				x, y := int(i)%p.w, int(i)/p.w
				b = b.Union(image.Rect(x, y, x+1, y+1))
			}
		}
		if n > most {
			most, box = n, b
		}
	})
	return box
}
