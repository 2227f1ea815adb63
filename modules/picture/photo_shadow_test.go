package picture

import (
	"errors"
	"testing"
)

func TestPhotoShadowIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		wishes PhotoShadow
		ok     bool
	}{
		"nothing": {nil, true}, "white": {PhotoShadow{"white": "keep"}, true}, "a preset": {PhotoShadow{"amazon_main": "drop", "scene": "soften"}, true},
		"contact in a scene": {PhotoShadow{"scene": "contact"}, false}, "contact on white": {PhotoShadow{"white": "contact"}, true}, "no such mode": {PhotoShadow{"white": "darker"}, false}, "no name": {PhotoShadow{"": "keep"}, false}, "a path": {PhotoShadow{"../white": "keep"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := (Steering{PhotoShadow: c.wishes}).Check(); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrSteering) {
				t.Errorf("%v: %v", c.wishes, err)
			}
		})
	}
}
