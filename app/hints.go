package app

import (
	"math"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// hintFlags are hints about one picture's cut-out, as flags have them.
type hintFlags struct {
	keep, remove []string // x,y each
	box          string   // x,y,width,height
}

// read returns the hints; nil when no flag is given.
func (f hintFlags) read() (*picture.Hints, error) {
	if len(f.keep)+len(f.remove) == 0 && f.box == "" {
		return nil, nil
	}
	h := &picture.Hints{}
	for _, l := range []struct {
		name string
		from []string
		into *[]picture.Stroke
	}{{"--keep", f.keep, &h.Keep}, {"--remove", f.remove, &h.Remove}} {
		for _, text := range l.from {
			n, ok := numbers(text, 2)
			if !ok {
				return nil, errFlag.With("%s %q; it is a pixel x,y of the photo, such as 120,80", l.name, text)
			}
			*l.into = append(*l.into, picture.Stroke{Points: [][2]float64{{n[0], n[1]}}})
		}
	}
	if f.box != "" {
		n, ok := numbers(f.box, 4)
		if !ok || n[2] <= 0 || n[3] <= 0 {
			return nil, errFlag.With("--box %q; it is x,y,width,height in pixels of the photo, as concerns have their boxes, such as 100,0,460,480", f.box)
		}
		x, y := int(n[0]), int(n[1])
		h.Box = &picture.Box{x, y, int(math.Ceil(n[0]+n[2])) - x, int(math.Ceil(n[1]+n[3])) - y}
	}
	return h, h.Check(0, 0)
}

// furthestPixel bounds a number in a flag.
const furthestPixel = 1 << 20

// numbers reads so many numbers, which commas separate.
func numbers(text string, count int) ([]float64, bool) {
	parts := strings.Split(text, ",")
	if len(parts) != count {
		return nil, false
	}
	out := make([]float64, count)
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || !(v >= 0 && v <= furthestPixel) {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}
