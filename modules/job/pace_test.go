package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPaceIsThatOfTheLastSets(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		sets []made
		want Pace
	}{
		"nothing was made here":             {nil, Pace{12 * s, 4500 * time.Millisecond, false}},
		"small sets alone":                  {[]made{{1, 24 * s}, {2, 20 * s}, {1, 90 * s}}, Pace{24 * s, 9 * s, true}},
		"large sets alone":                  {[]made{{60, 540 * s}}, Pace{24 * s, 9 * s, true}},
		"a large set weighs more":           {[]made{{4, 400 * s}, {5, 450 * s}, {100, 200 * s}, {1, 6 * s}}, Pace{6 * s, 2 * s, true}},
		"one set that waited for its photo": {[]made{{10, 20 * s}, {10, 20 * time.Hour}, {10, 30 * s}, {1, 7 * s}}, Pace{7 * s, 3 * s, true}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, paceOf(c.sets)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := (Pace{First: 12 * s, Each: 4500 * time.Millisecond}).Of(60); got != 277500*time.Millisecond || (Pace{First: s}).Of(0) != 0 {
		t.Errorf("60 pictures take %v", got)
	}
}
