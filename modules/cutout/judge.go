package cutout

import (
	"image"
	"math"
	"slices"

	"github.com/opal-photo/opal/modules/picture"
)

// Judge returns the confidence, 0-1, and the concerns of a cut-out that hints made of a draft,
// which its engine gave that confidence: as much more or less as the new outline has more or
// less evidence in the photo than the draft's. after has the photo's size. A cut-out whose
// outline is the draft's keeps the confidence. One from which the hints took much that the engine
// was sure of, or which ends along a side of their box, is for a person to look at.
func Judge(d Draft, after *image.NRGBA, hints picture.Hints, confidence float64) (float64, []picture.Concern) {
	W, H := d.Photo.Rect.Dx(), d.Photo.Rect.Dy()
	k := min(1, joinSize/float64(max(W, H)))
	w, h := max(minSide, int(float64(W)*k+.5)), max(minSide, int(float64(H)*k+.5))
	before, now := over(shrinkAlpha(atOrigin(d.Image), w, h), .5), over(shrinkAlpha(atOrigin(after), w, h), .5)
	m := alphaMask(atOrigin(d.Image))
	if d.Logits != nil {
		m = ofLogits(d.Logits)
	}
	j := &joint{raw: m.sized(w, h)}
	lin := shrink(flatten(atOrigin(d.Photo)), w, h)
	never := slices.Clone(before)
	for i, v := range now {
		never[i] = v || never[i]
	}
	j.scene = newScene(lin, float32(k), dilate(never, w, h, 4))
	var f Features
	f.Spread = j.spread()
	j.plain = f.Spread < plainSpread && max(j.sigma[0], j.sigma[1], j.sigma[2]) < plainSigma
	var other []bool
	if j.plain {
		other = opinion(lin, float32(k))
	}
	measured := func(fg []bool) (Features, *places) {
		f := f
		if other != nil {
			f.Agree = iou(fg, other)
		}
		at := j.measure(fg, other, signedDistance(fg, w, h), &f)
		return f, at
	}
	was, _ := measured(before)
	taken := j.taken(before, now, hints, W, H)
	for i, v := range now {
		if v != before[i] { // a person has decided
			if j.raw.p[i] = 0; v {
				j.raw.p[i] = 1
			}
		}
	}
	j.seen = nil
	is, at := measured(now)
	concerns := at.concerns(W, H)
	if slices.Equal(before, now) {
		return confidence, concerns
	}
	z := logit(confidence) + logit(joinedConfidence(&is)) - logit(joinedConfidence(&was))
	confidence = 1 / (1 + math.Exp(-z))
	if len(taken) > 0 {
		confidence = min(confidence, HintedConfidence)
	}
	return confidence, append(taken, concerns...)
}

// logit is the logarithm of the odds of p, of which 0 and 1 have none.
func logit(p float64) float64 {
	p = min(max(p, .001), .999)
	return math.Log(p / (1 - p))
}
