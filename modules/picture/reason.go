package picture

// Reason is a reason for a person to look at a picture before it is used: what
// may be wrong, and where.
type Reason struct {
	Text string `json:"text"` // one sentence for people
	Box  Box    `json:"box"`  // in pixels of the photo; the zero Box means all of it
}
