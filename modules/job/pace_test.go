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
	// as the last pictures came, without the hour in which nothing was in work
	usual := Pace{First: 12 * s, Each: 4 * s}
	for name, c := range map[string]struct {
		endings []int64
		want    Pace
	}{
		"too few":      {[]int64{9000, 6000, 3000}, usual},
		"slower now":   {[]int64{100_000, 72_000, 48_000, 24_000, 0}, Pace{12 * s, 25 * s, true}},
		"two at once":  {[]int64{30_000, 30_000, 20_000, 20_000, 10_000, 10_000, 0}, Pace{12 * s, 5 * s, true}},
		"a pause":      {[]int64{3_640_000, 3_630_000, 3_620_000, 20_000, 10_000, 0}, Pace{12 * s, 10 * s, true}},
		"eight hands":  {[]int64{16_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000}, Pace{12 * s, 1 * s, true}},
		"all together": {[]int64{0, 0, 0, 0, 0}, usual},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, usual.now(c.endings)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := (Pace{First: 12 * s, Each: 4500 * time.Millisecond}).Of(60); got != 277500*time.Millisecond || (Pace{First: s}).Of(0) != 0 {
		t.Errorf("60 pictures take %v", got)
	}
}
