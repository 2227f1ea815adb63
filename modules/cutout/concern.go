package cutout

import "image"

// Concern is one thing about a cut-out that a person should look at.
type Concern struct {
	Kind string          // one of the kinds below, for programs
	Text string          // for people
	Box  image.Rectangle // where it is, in pixels of the photo
}
