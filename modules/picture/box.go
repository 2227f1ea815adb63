package picture

import "image"

// Box is a rectangle of a picture: x, y, width, height in pixels, origin top
// left. In JSON it is an array of these four. The zero Box is none.
type Box [4]int

// BoxOf returns a rectangle as a Box.
func BoxOf(r image.Rectangle) Box { return Box{r.Min.X, r.Min.Y, r.Dx(), r.Dy()} }

// Rect returns the box as a rectangle.
func (b Box) Rect() image.Rectangle { return image.Rect(b[0], b[1], b[0]+b[2], b[1]+b[3]) }

// Empty reports whether the box holds no pixel.
func (b Box) Empty() bool { return b[2] < 1 || b[3] < 1 }

// Dx and Dy return the width and the height.
func (b Box) Dx() int { return b[2] }
func (b Box) Dy() int { return b[3] }

// Scale returns the box in a picture that is k times as large.
func (b Box) Scale(k int) Box { return Box{b[0] * k, b[1] * k, b[2] * k, b[3] * k} }
