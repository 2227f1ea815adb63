package scene

import (
	"fmt"
	"math"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// shownColours is how many colours of a palette a set shows at most.
const shownColours = 3

const (
	// evenLight is how much of the light's fall-off a set keeps that shows a brand's colour.
	evenLight = 0.5
	// tuneSide is the size of the pictures by which colours are tuned, as the root of their area.
	tuneSide = 192
	// tuneRounds bounds how often they are tuned; tuneEnough is the relative error, of the
	// encoded value, at which they are right; tuneMost bounds what is painted.
	tuneRounds = 9
	tuneEnough = 0.004
	tuneMost   = 16
	// tunedLooks bounds how many tuned looks are kept.
	tunedLooks = 256
)

// tuning is all that a tuned look depends on.
type tuning struct {
	cacheKey
	want [shownColours]rgb
}

// tuned returns a look whose named areas come out as the palette's colours. Pictures of
// one brand share it.
func (e *Engine) tuned(lk look, palette []rgb, at cacheKey) look {
	at.look = lk
	key := tuning{cacheKey: at}
	lk.kept = copy(key.want[:], palette)
	key.look.kept = lk.kept
	e.mu.Lock()
	out, ok := e.looks[key]
	e.mu.Unlock()
	if ok {
		return out
	}
	lk.keep(key.want, at)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.looks) >= tunedLooks {
		clear(e.looks)
	}
	e.looks[key] = lk
	return lk
}

// keep tunes the look's colours so that the areas which they name come out as wished,
// under the set's own light. A colour that the set shows nowhere stays as it was resolved.
func (lk *look) keep(want [shownColours]rgb, at cacheKey) {
	lk.falloff *= evenLight
	lk.vignette *= evenLight
	if (lk.far == farFoliage || lk.far == farForest) && !lk.flat {
		lk.surface = paintedWood // a place has no wall that may have any colour
		if lk.far == farForest {
			lk.gobo = goboNone // the leaves' shade would cover it
		}
	}
	colours := [shownColours]*rgb{&lk.wallRGB, &lk.accentRGB, &lk.thirdRGB}
	resolved := [shownColours]rgb{lk.wallRGB, lk.accentRGB, lk.thirdRGB}
	for i := range lk.kept {
		*colours[i] = want[i]
	}
	k := float32(tuneSide) / sqrt32(float32(at.w)*float32(at.h))
	w, h := max(int(float32(at.w)*k+0.5), 8), max(int(float32(at.h)*k+0.5), 8)
	w, h = min(w, 8*tuneSide), min(h, 8*tuneSide)
	for i := range at.room.box {
		at.room.box[i] *= k
	}
	for round := range tuneRounds {
		b := buildBackdrop(*lk, w, h, at.room, at.seed)
		off := 0.0
		next := [shownColours]rgb{lk.wallRGB, lk.accentRGB, lk.thirdRGB}
		for i := range lk.kept {
			part, ok := b.where(i)
			if !ok {
				if round == 0 {
					next[i] = resolved[i]
				}
				continue
			}
			got := b.mean(part)
			fix := func(c *float32, want, got float32) {
				k := (want + 1e-4) / (got + 1e-4)
				off = math.Max(off, math.Abs(math.Pow(float64(k), 1/2.4)-1))
				*c = min(*c*k, tuneMost)
			}
			fix(&next[i].R, want[i].R, got.R)
			fix(&next[i].G, want[i].G, got.G)
			fix(&next[i].B, want[i].B, got.B)
		}
		if off < tuneEnough && round > 0 {
			return
		}
		for i := range next {
			*colours[i] = next[i]
		}
	}
}

// shows notes where a colour of the palette is seen, as what.
func (b *backdrop) shows(colour int, what string, x0, y0, x1, y1 float32) {
	b.named[colour] = named{what, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

// where returns the part of the backdrop that shows a colour of the palette, as shares of
// the frame; ok is false where it is too small to be seen.
func (b *backdrop) where(colour int) (part [4]float64, ok bool) {
	n := b.named[colour]
	if n.what == "" {
		return part, false
	}
	part = [4]float64{float64(n.x0 / b.w), float64(n.y0 / b.h), float64(n.x1 / b.w), float64(n.y1 / b.h)}
	for i, v := range part {
		part[i] = math.Round(1000*clampF(v, 0, 1)) / 1000
	}
	return part, part[2]-part[0] >= leastShare && part[3]-part[1] >= leastShare
}

// leastShare is the least side of an area that is named, as a share of the frame's.
const leastShare = 0.02

// mean returns the mean colour of a part of a backdrop, as it is seen.
func (b *backdrop) mean(part [4]float64) rgb {
	var sum [3]float64
	n := 0.0
	x0, y0 := int(part[0]*float64(b.W)), int(part[1]*float64(b.H))
	for y := y0; y < max(int(part[3]*float64(b.H)), y0+1); y++ {
		for x := x0; x < max(int(part[2]*float64(b.W)), x0+1); x++ {
			for c := range 3 {
				sum[c] += float64(b.lin[(y*b.W+x)*3+c]) / 65535
			}
			n++
		}
	}
	return rgb{float32(sum[0] / n), float32(sum[1] / n), float32(sum[2] / n)}
}

// areas says which part of the backdrop each colour of a palette names.
func (b *backdrop) areas(hexes []string) []picture.Area {
	out := make([]picture.Area, 0, len(hexes))
	for i := range hexes {
		a := picture.Area{Colour: hexes[i], Why: "no area of the scene shows it exactly here: what stands there takes its tone alone"}
		if i >= shownColours {
			a.Why = fmt.Sprintf("a scene has areas for the palette's first %d colours", shownColours)
		} else if part, ok := b.where(i); ok {
			a = picture.Area{Colour: hexes[i], Name: b.named[i].what, Exact: true, Where: part}
		}
		out = append(out, a)
	}
	return out
}

// areasOf is areas for a background that is as somebody brought or chose it, too: a plain one
// shows its own colours, exactly, and a photograph none that a palette names.
func (b *backdrop) areasOf(req Request, hexes []string) []picture.Area {
	paint, plain := picture.ParsePaint(req.Scene)
	if !plain && req.Plate == nil {
		return b.areas(hexes)
	}
	const edge = 0.02 // of the height: a gradient has its colours at its ends alone
	out := make([]picture.Area, 0, len(hexes))
	for _, hex := range hexes {
		a := picture.Area{Colour: hex, Why: "a photograph keeps its own colours: the palette names no area of it"}
		if plain {
			a.Why = "a plain background shows its own colours alone: the palette names no area of it"
		}
		switch {
		case !plain:
		case paint.Top == paint.Bottom && hex == fmt.Sprintf("#%x", paint.Top):
			a = picture.Area{Colour: hex, Name: "backdrop", Exact: true, Where: [4]float64{0, 0, 1, 1}}
		case hex == fmt.Sprintf("#%x", paint.Top):
			a = picture.Area{Colour: hex, Name: "backdrop's top", Exact: true, Where: [4]float64{0, 0, 1, edge}}
		case hex == fmt.Sprintf("#%x", paint.Bottom):
			a = picture.Area{Colour: hex, Name: "backdrop's bottom", Exact: true, Where: [4]float64{0, 1 - edge, 1, 1}}
		}
		out = append(out, a)
	}
	return out
}

// hexOf writes a linear colour as #rrggbb.
func hexOf(c rgb) string {
	v := func(l float32) uint8 { return uint8(math.Round(255 * linearToSRGB(float64(clamp01(l))))) }
	return fmt.Sprintf("#%02x%02x%02x", v(c.R), v(c.G), v(c.B))
}

// UnknownWords lists the words of a prompt that no set heeds, in their order, each once.
// Small words that only join others are not listed.
func UnknownWords(prompt string) []string {
	words := fields(prompt)
	var out []string
	seen := map[string]bool{}
	for i := 0; i < len(words); {
		used := 0
		for n := min(3, len(words)-i); n >= 1; n-- {
			var s steer
			phrase := strings.Join(words[i:i+n], " ")
			if s.take(phrase) || n == 1 && setWords[phrase] != "" {
				used = n
				break
			}
		}
		if used == 0 {
			if w := words[i]; !joining[w] && !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
			used = 1
		}
		i += used
	}
	return out
}

// joining words say nothing by themselves.
var joining = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range fields("a an the and or with without on in at of from to by for under over near into onto next very some its it is as light lighting shadow shadows scene background backdrop product look style mood feel feeling tone tones colour colours color colors table surface floor wall photo picture") {
		out[w] = true
	}
	return out
}()
