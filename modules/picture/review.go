package picture

// Concern is one thing about a picture that a person should look at before it is
// used: what may be wrong, and where.
type Concern struct {
	Kind string `json:"kind,omitempty"` // for programs
	Text string `json:"text"`           // for people, one sentence
	Box  Box    `json:"box"`            // in pixels of the photo; the zero Box means all of it
}

// ReviewBelow is the confidence in a cut-out under which a person should look,
// where neither the operator nor the brand says otherwise: at least 95 in 100
// cut-outs above it are publishable. Engines are calibrated to it.
const ReviewBelow = 0.8

// Review says which pictures a person has to look at before they are delivered.
type Review struct {
	Off   bool    `json:"off,omitempty"`   // none
	Below float64 `json:"below,omitempty"` // those of a lower confidence; 0: the operator's setting
}

// The states of a picture that a person has to look at. Other pictures have the
// state "".
const (
	ReviewPending  = "pending"
	ReviewApproved = "approved"
	ReviewRejected = "rejected"
)

// Wanted reports whether a person has to look at a picture of that confidence.
func (r Review) Wanted(confidence float64) bool {
	below := r.Below
	if below == 0 {
		below = ReviewBelow
	}
	return !r.Off && !(confidence >= below)
}

// most is the share of a picture's side from which a box is nearly all of it.
const most = 0.75

// Where says for people where in a w×h picture the box lies, such as "at the top
// left"; "" for a box that says nothing: one that is empty or nearly all of it.
func (b Box) Where(w, h int) string {
	if b.Empty() || float64(b.Dx()) > most*float64(w) && float64(b.Dy()) > most*float64(h) {
		return ""
	}
	third := func(at, length, side int, low, high string) string {
		switch mid := 2*at + length; {
		case float64(length) > most*float64(side):
			return ""
		case 3*mid < 2*side:
			return low
		case 3*mid > 4*side:
			return high
		}
		return ""
	}
	row, column := third(b[1], b[3], h, "top", "bottom"), third(b[0], b[2], w, "left", "right")
	switch {
	case row == "" && column == "":
		return "in the middle"
	case row == "" || column == "":
		return "at the " + row + column
	}
	return "at the " + row + " " + column
}
