package check

// Figure is what was measured and what is wanted as numbers of one unit, for those who say
// it in another language than Check does.
type Figure struct {
	Unit  string  `json:"unit"`
	Bound string  `json:"bound"`
	Value float64 `json:"value"` // measured
	Limit float64 `json:"limit"` // wanted
}

// The units of figures.
const (
	Pixels = "px"
	Bytes  = "bytes"
	Share  = "share" // 0 to 1 of what the rule is about
	Frame  = "frame" // 0 to 1 of the picture's area, or of a side of it
	Times  = "times" // as large as in the photo
	Ratio  = "ratio" // width by height
	Count  = "count"
)

// What a figure's limit is.
const (
	AtLeast = "at_least"
	AtMost  = "at_most"
	About   = "about" // within a tolerance
)

func least(unit string, value, limit float64) *Figure { return &Figure{unit, AtLeast, value, limit} }

func most(unit string, value, limit float64) *Figure { return &Figure{unit, AtMost, value, limit} }

// shareOf returns the unit of a share by the words that follow it.
func shareOf(of string) string {
	if of == " of the frame" {
		return Frame
	}
	return Share
}
