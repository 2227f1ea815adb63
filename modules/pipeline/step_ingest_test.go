package pipeline

import (
	"errors"
	"image"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/fault"
)

// A photo that is a line is refused with its size; long products aren't.
func TestLinesAreTooNarrow(t *testing.T) {
	for name, c := range map[string]struct {
		size    image.Point
		refused bool
	}{
		"a column of pixels": {image.Pt(1, 8000), true},
		"a row of pixels":    {image.Pt(4000, 3), true},
		"a rod":              {image.Pt(20, 4000), false},
		"a pixel":            {image.Pt(1, 1), false},
		"a photo":            {image.Pt(3000, 2000), false},
	} {
		t.Run(name, func(t *testing.T) {
			err := proportioned(c.size, "photo")
			if errors.Is(err, ErrNarrow) != c.refused || (err != nil) != c.refused {
				t.Errorf("%v", err)
			}
			if c.refused && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "too narrow")) {
				t.Errorf("%v", err)
			}
		})
	}
}
