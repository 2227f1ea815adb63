package scene

import (
	"fmt"
	"math"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// namedArea returns the part of a set in which the palette's first colour is kept: free
// of products and props, as shares of the frame.
func (s *set) namedArea() [4]float64 {
	if s.far == farPodium { // beside the arch
		return [4]float64{0.02, 0.05, 0.14, 0.3}
	}
	return [4]float64{0.2, 0.06, 0.8, 0.24}
}

const (
	// evenLight is how much of the light's fall-off a set keeps whose backdrop shows a
	// brand's colour.
	evenLight = 0.5
	// tuneSide is the size of the pictures by which a colour is tuned.
	tuneSide = 128
	// tuneRounds bounds how often it is tuned; tuneEnough is the relative error, of the
	// encoded value, at which it is right.
	tuneRounds = 8
	tuneEnough = 0.004
)

// exactBackdrop reports whether a set's backdrop is one plain colour.
func (s *set) exactBackdrop() bool { return s.far == farCove || s.far == farPodium }

// keep tunes the backdrop's colour so that it comes out as the palette's first does,
// under the set's own light.
func (lk *look) keep(want rgb, seed uint64) {
	lk.falloff *= evenLight
	lk.vignette *= evenLight
	lk.wallRGB = want
	for range tuneRounds {
		got := buildBackdrop(*lk, tuneSide, tuneSide, room{pitch: -1}, seed).mean(lk.namedArea())
		off := 0.0
		fix := func(c *float32, want, got float32) {
			k := (want + 1e-4) / (got + 1e-4)
			off = math.Max(off, math.Abs(math.Pow(float64(k), 1/2.4)-1))
			*c = min(*c*k, 4)
		}
		before := lk.wallRGB
		fix(&lk.wallRGB.R, want.R, got.R)
		fix(&lk.wallRGB.G, want.G, got.G)
		fix(&lk.wallRGB.B, want.B, got.B)
		if off < tuneEnough {
			lk.wallRGB = before
			return
		}
	}
}

// mean returns the mean colour of a part of a backdrop, as it is seen.
func (b *backdrop) mean(part [4]float64) rgb {
	var sum [3]float64
	n := 0.0
	for y := int(part[1] * float64(b.H)); y < int(part[3]*float64(b.H)); y++ {
		for x := int(part[0] * float64(b.W)); x < int(part[2]*float64(b.W)); x++ {
			for c := range 3 {
				sum[c] += float64(b.lin[(y*b.W+x)*3+c]) / 65535
			}
			n++
		}
	}
	n = math.Max(n, 1)
	return rgb{float32(sum[0] / n), float32(sum[1] / n), float32(sum[2] / n)}
}

// areas says which part of a set each colour of a palette names.
func (s *set) areas(palette []rgb, hexes []string) []picture.Area {
	names := []string{"backdrop", "props", "props"}
	switch {
	case s.painted, s.name == "plate":
		names = nil
	case s.far == farPodium:
		names = []string{"backdrop", "podium", "arch"}
	case s.far == farCove:
		names = []string{"backdrop"}
	case s.far == farFoliage, s.far == farForest:
		names = []string{"leaves"}
	}
	out := make([]picture.Area, 0, len(palette))
	for i := range palette {
		a := picture.Area{Colour: hexes[i]}
		if i < len(names) {
			a.Name = names[i]
		}
		if i == 0 && s.exactBackdrop() && !s.painted && s.name != "plate" {
			a.Exact, a.Where = true, s.namedArea()
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
