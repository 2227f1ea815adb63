package consistency

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// Worst is how many pictures a result names.
const Worst = 5

// Picture is one of a catalogue's pictures. Those of one group are held against each
// other: pictures in the same scene.
type Picture struct {
	Name  string
	Group string
	Seen  picture.Seen
}

// Result is how much a catalogue's pictures look alike.
type Result struct {
	Score    *float64 `json:"score"` // of those compared, 0–100: 100 where none stands out; nil: nothing could be compared
	Pictures int      `json:"pictures"`
	Compared int      `json:"compared"`
	Note     string   `json:"note,omitempty"` // why pictures were not compared, for people
	Worst    []Drift  `json:"worst"`          // at most five, the worst first
	Drifting int      `json:"drifting"`
}

// alone says why pictures were not compared.
func (r *Result) alone() {
	n := r.Pictures - r.Compared
	switch {
	case r.Pictures == 0:
		r.Note = "There are no pictures to compare"
	case n == r.Pictures:
		r.Note = fmt.Sprintf("No picture could be compared: that takes at least %d of one scene, or of one size where scenes aren't known", LeastGroup)
	case n > 0:
		r.Note = fmt.Sprintf("%d of %d pictures were not compared: they are in scenes with fewer than %d", n, r.Pictures, LeastGroup)
	}
}

// Drift is a picture that stands out.
type Drift struct {
	Name   string       `json:"name"`
	Group  string       `json:"group,omitempty"`
	Kind   string       `json:"kind"`   // by what most: fill, centre, floor, horizon, white_point, exposure, light, shadow_angle or shadow_depth
	By     float64      `json:"by"`     // times what is still alike
	Reason string       `json:"reason"` // for people
	Kinds  []string     `json:"kinds"`  // all by which it stands out
	Seen   picture.Seen `json:"seen"`
	Usual  picture.Seen `json:"usual"` // of its group, the medians
}

// kind is one way in which a picture stands out.
type kind struct {
	name  string
	alike float64 // difference that nobody minds
	of    func(picture.Seen) float64
	text  func(is, usual float64) string
}

// LeastGroup is how many pictures can be held against each other.
const LeastGroup = 3

const (
	spreadShare = 2.2 // times a group's own spread that is still alike
	otherSide   = 4   // times what is still alike: a mirrored scene beside the others is seen before its shadow is
)

func share(what string) func(is, usual float64) string {
	return func(is, usual float64) string {
		return fmt.Sprintf("%s is at %.0f %% of the frame, the others' at %.0f %%", what, 100*is, 100*usual)
	}
}

func levels(what string) func(is, usual float64) string {
	return func(is, usual float64) string { return fmt.Sprintf("%s is %.0f, the others' %.0f", what, is, usual) }
}

var kinds = []kind{
	{"fill", .07, func(s picture.Seen) float64 { return s.Fill }, func(is, usual float64) string {
		return fmt.Sprintf("the product takes %.0f %% of the frame, the others' %.0f %%", 100*is, 100*usual)
	}},
	{"centre", .04, func(s picture.Seen) float64 { return s.Centre }, share("its middle")},
	{"floor", .035, func(s picture.Seen) float64 { return s.Floor }, share("its floor line")},
	{"horizon", .035, func(s picture.Seen) float64 { return s.Horizon }, share("its horizon")},
	{"white_point", 3, nil, nil},
	{"exposure", 5, func(s picture.Seen) float64 { return s.Exposure }, levels("the lightness of its ground")},
	{"light", 1, nil, nil},
	{"shadow_angle", 35, func(s picture.Seen) float64 { return s.ShadowAngle }, func(is, usual float64) string {
		return fmt.Sprintf("its shadow falls to %.0f°, the others' to %.0f°, seen from above: 0 is the viewer, 90 the right", round360(is), round360(usual))
	}},
	{"shadow_depth", 9, func(s picture.Seen) float64 { return s.ShadowDepth }, levels("the depth of its shadow")},
}

// round360 is an angle as people state it, 0 to 359.
func round360(degrees float64) float64 { return math.Mod(math.Round(degrees)+720, 360) }

// Of holds a catalogue's pictures against each other.
func Of(pictures []Picture) Result {
	out := Result{Pictures: len(pictures), Worst: []Drift{}}
	groups := map[string][]Picture{}
	for _, p := range pictures {
		groups[p.Group] = append(groups[p.Group], p)
	}
	var all []Drift
	sum := 0.0
	for _, g := range groups {
		if len(g) < LeastGroup {
			continue
		}
		out.Compared += len(g)
		drifts := standOut(g)
		for _, d := range drifts {
			sum += 1 / (1 + max(0, d.By-1))
			if d.By > 1 {
				all = append(all, d)
			}
		}
	}
	if out.Compared > 0 {
		score := math.Round(1000*sum/float64(out.Compared)) / 10
		out.Score = &score
	}
	out.alone()
	slices.SortFunc(all, func(a, b Drift) int {
		if a.By != b.By {
			if a.By > b.By {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	out.Drifting = len(all)
	out.Worst = append(out.Worst, all[:min(Worst, len(all))]...)
	return out
}

// standOut tells of each picture of a group by what it stands out most.
func standOut(g []Picture) []Drift {
	usual := medians(g)
	out := make([]Drift, len(g))
	for i, p := range g {
		out[i] = Drift{Name: p.Name, Group: p.Group, Seen: p.Seen, Usual: usual}
	}
	for _, k := range kinds {
		away := make([]float64, len(g))
		for i, p := range g {
			away[i] = k.away(p.Seen, usual)
		}
		limit := max(k.alike, spreadShare*quantile(slices.Clone(away), .5))
		for i, a := range away {
			by := a / limit
			if by > 1 {
				out[i].Kinds = append(out[i].Kinds, k.name)
			}
			if by > out[i].By {
				out[i].By, out[i].Kind, out[i].Reason = by, k.name, k.reason(g[i].Seen, usual)
			}
		}
	}
	for i := range out {
		out[i].By = math.Round(100*out[i].By) / 100
	}
	return out
}

// away returns by how much a picture differs from the usual.
func (k kind) away(s, usual picture.Seen) float64 {
	switch k.name {
	case "centre":
		if across(s) {
			return 0
		}
	case "floor", "shadow_depth":
		if upright(s) {
			return 0
		}
	case "fill":
		if s.Sized { // a ring beside a backpack is not too small
			return 0
		}
	case "white_point":
		return math.Hypot(s.White[0]-usual.White[0], s.White[1]-usual.White[1])
	case "light": // the scene is mirrored, shadow and all
		if s.Light != "" && usual.Light != "" && s.Light != usual.Light {
			return otherSide
		}
		return 0
	case "shadow_angle":
		if upright(s) {
			return 0
		}
		const faint, clear = 3, 8 // of a shadow too faint, and deep enough, to tell its angle
		d := math.Abs(s.ShadowAngle - usual.ShadowAngle)
		return d * min(max((min(s.ShadowDepth, usual.ShadowDepth)-faint)/(clear-faint), 0), 1)
	case "horizon":
		if s.Horizon == 0 || usual.Horizon == 0 { // seen in one and not in the other
			if s.Horizon != usual.Horizon {
				return 1.5 * k.alike
			}
			return 0
		}
	}
	return math.Abs(k.of(s) - k.of(usual))
}

// across reports whether a product comes out of the frame's left or right edge, so that its
// middle is where the photo cut it off.
func across(s picture.Seen) bool {
	return s.Anchor == picture.AnchorLeft || s.Anchor == picture.AnchorRight
}

// upright reports whether a product comes out of the lower edge or hangs from the upper one:
// it stands on no floor, and casts no shadow there.
func upright(s picture.Seen) bool {
	return s.Anchor == picture.AnchorBottom || s.Anchor == picture.AnchorTop
}

func (k kind) reason(s, usual picture.Seen) string {
	switch {
	case k.name == "white_point":
		return fmt.Sprintf("its white is tinted otherwise: a %.1f, b %.1f, the others' a %.1f, b %.1f", s.White[0], s.White[1], usual.White[0], usual.White[1])
	case k.name == "light":
		return fmt.Sprintf("its light comes from the %s, the others' from the %s", s.Light, usual.Light)
	case k.name == "horizon" && s.Horizon == 0:
		return "it shows no horizon, the others do"
	case k.name == "horizon" && usual.Horizon == 0:
		return "it shows a horizon, the others don't"
	}
	return k.text(k.of(s), k.of(usual))
}

// medians is what is usual in a group, of each figure by the pictures that are compared by it.
func medians(g []Picture) (m picture.Seen) {
	among := func(leaveOut func(picture.Seen) bool, f func(picture.Seen) float64) float64 {
		var v, all []float64
		for _, p := range g {
			if all = append(all, f(p.Seen)); !leaveOut(p.Seen) {
				v = append(v, f(p.Seen))
			}
		}
		if len(v) == 0 {
			v = all
		}
		return quantile(v, .5)
	}
	of := func(f func(picture.Seen) float64) float64 {
		return among(func(picture.Seen) bool { return false }, f)
	}
	m.Fill = among(func(s picture.Seen) bool { return s.Sized }, func(s picture.Seen) float64 { return s.Fill })
	m.Centre = among(across, func(s picture.Seen) float64 { return s.Centre })
	m.Floor = among(upright, func(s picture.Seen) float64 { return s.Floor })
	m.Horizon, m.Exposure = of(func(s picture.Seen) float64 { return s.Horizon }), of(func(s picture.Seen) float64 { return s.Exposure })
	m.White = [2]float64{of(func(s picture.Seen) float64 { return s.White[0] }), of(func(s picture.Seen) float64 { return s.White[1] })}
	m.ShadowAngle = among(upright, func(s picture.Seen) float64 { return s.ShadowAngle })
	m.ShadowDepth = among(upright, func(s picture.Seen) float64 { return s.ShadowDepth })
	m.Light = usualLight(g)
	return m
}

// usualLight is the side from which most pictures are lit, the left where as many are from
// either; "" where none says.
func usualLight(g []Picture) string {
	balance, known := 0, false
	for _, p := range g {
		switch p.Seen.Light {
		case picture.LightLeft:
			balance, known = balance-1, true
		case picture.LightRight:
			balance, known = balance+1, true
		}
	}
	switch {
	case !known:
		return ""
	case balance > 0:
		return picture.LightRight
	}
	return picture.LightLeft
}
