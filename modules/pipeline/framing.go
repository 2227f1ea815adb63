package pipeline

import (
	"fmt"
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/picture"
)

// The kinds of concerns about a product's place in its frame.
const (
	ConcernCropped = "cropped" // the frame cuts it off
	ConcernTiny    = "tiny"    // it is shown with few pixels
	ConcernTurned  = "turned"  // it is mirrored or rotated, on white, too
	ConcernCoarse  = "coarse"  // the photo shows it with too few pixels
)

// The limits from which people are told.
const (
	leastShown = 0.98 // of the product's box: the rest may be a shadow's edge or rounding
	leastSide  = 0.08 // of the frame's shorter side that the product's longer side takes
	coarseFrom = 3.   // a product's enlargement: what is beyond it is drawn, not photographed
)

// framing tells what may be wrong with a product's place in its frame.
func framing(box, frame image.Rectangle) (all []picture.Concern) {
	seen := box.Intersect(frame)
	if share := float64(seen.Dx()) * float64(seen.Dy()) / max(1, float64(box.Dx())*float64(box.Dy())); share < leastShown {
		all = append(all, picture.Concern{Kind: ConcernCropped, Text: fmt.Sprintf("The frame cuts the product off: %.0f %% of it is shown; change its place or its size where that isn't meant", 100*share)})
	}
	if share := float64(max(box.Dx(), box.Dy())) / float64(max(1, min(frame.Dx(), frame.Dy()))); share < leastSide {
		all = append(all, picture.Concern{Kind: ConcernTiny, Text: fmt.Sprintf("The product is very small: its longer side takes %.1f %% of the picture's shorter one; change its size where that isn't meant", 100*share)})
	}
	return all
}

// turned tells that a product which was turned is so in each of its variants.
func turned(w picture.Steering) []picture.Concern {
	switch {
	case w.Flip:
		return []picture.Concern{{Kind: ConcernTurned, Text: "The product is mirrored in all variants, those on white for marketplaces, too: words on it read backwards"}}
	case w.Rotation != 0:
		return []picture.Concern{{Kind: ConcernTurned, Text: fmt.Sprintf("The product is turned by %.0f° in all variants, those on white for marketplaces, too", w.Rotation)}}
	}
	return nil
}

// coarse has a person look at a product that was enlarged too far: lettering and texture of it
// are lost, however good its cut-out is.
func (s *state) coarse(enlarged float64) {
	if enlarged <= coarseFrom {
		return
	}
	c := picture.Concern{Kind: ConcernCoarse, Text: fmt.Sprintf("The product was enlarged %.1f times in its scene, so its details are lost; take a photo that shows it larger", enlarged)}
	if s.result.NeedsReview || s.in.Review.Off {
		s.result.Concerns = append(slices.Clone(s.result.Concerns), c)
		return
	}
	s.result.Concerns = append([]picture.Concern{c}, s.result.Concerns...)
	s.result.NeedsReview, s.result.ReviewReason = true, c.Text
}

// FrameConcerns tells what may be wrong with the product's place in an item's picture; box and frame
// may be those of a preview.
func (in *Input) FrameConcerns(box, frame image.Rectangle) []picture.Concern {
	return slices.Concat(framing(box, frame), turned(in.steering()))
}

// frameConcerns adds what may be wrong with the product's place to what may be with its
// cut-out.
func (s *state) frameConcerns(box, frame image.Rectangle) {
	s.result.Concerns = slices.Concat(s.result.Concerns, s.in.FrameConcerns(box, frame))
}
