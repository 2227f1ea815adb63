package cutout

import "testing"

// A harness with pieces of its floor: a tenth of what was cut out looks like the backdrop,
// though its outline is clear.
func TestFloorInsideTheOutlineIsLookedAt(t *testing.T) {
	f := Features{BorderInlier: .957, EdgeWeak: .044, AgreeInside: .895, LogStray: -2.207, LogEdge: 3.88, LogCompact: 1.372, Hairy: .089}
	if c := confidence(&f); c >= ReviewBelow {
		t.Errorf("with floor inside the confidence is %.2f", c)
	}
	f.AgreeInside = .99
	if c := confidence(&f); c < ReviewBelow {
		t.Errorf("without floor the confidence is %.2f", c)
	}
}
