package provenance

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"regexp"
	"strings"
	"sync"
)

// Place says where a finished picture shows the product of its photo, so that anybody
// can compare the two.
type Place struct {
	Photo [4]float64 `json:"photo"` // x, y, width and height of the product's window in the photo, as shares of its sides
	File  [4]int     `json:"file"`  // the same window in the finished picture, in pixels
	Size  [2]int     `json:"size"`  // width and height of the finished picture
}

// PlaceOf describes a window of a photo of a size that is shown at a place of a picture.
func PlaceOf(window image.Rectangle, photo image.Point, at image.Rectangle, picture image.Point) Place {
	x, y := float64(photo.X), float64(photo.Y)
	return Place{
		Photo: [4]float64{float64(window.Min.X) / x, float64(window.Min.Y) / y, float64(window.Dx()) / x, float64(window.Dy()) / y},
		File:  [4]int{at.Min.X, at.Min.Y, at.Dx(), at.Dy()}, Size: [2]int{picture.X, picture.Y},
	}
}

// placeTool is where the statement stands in a packet, behind the tool's name.
const placeTool = `xmp:CreatorTool="OPAL"`

// WithPlace adds a place to a packet that XMP made.
func WithPlace(packet []byte, p Place) []byte {
	value := fmt.Sprintf("%.8f %.8f %.8f %.8f %d %d %d %d %d %d", p.Photo[0], p.Photo[1], p.Photo[2], p.Photo[3],
		p.File[0], p.File[1], p.File[2], p.File[3], p.Size[0], p.Size[1])
	return bytes.Replace(packet, []byte(placeTool), []byte(placeTool+` xmlns:opal="https://github.com/opal-photo/opal/ns/1/" opal:Product="`+value+`"`), 1)
}

var placePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`opal:Product="([-0-9. ]{10,200})"`) })

// ReadPlace reads the place that a packet states. ok is false when it states none, or one
// that can't be.
func ReadPlace(packet []byte) (p Place, ok bool) {
	m := placePattern().FindSubmatch(packet)
	if m == nil {
		return p, false
	}
	n, err := fmt.Sscan(strings.TrimSpace(string(m[1])), &p.Photo[0], &p.Photo[1], &p.Photo[2], &p.Photo[3],
		&p.File[0], &p.File[1], &p.File[2], &p.File[3], &p.Size[0], &p.Size[1])
	return p, err == nil && n == 10 && p.Sound()
}

// maxLight bounds a layer of light in a packet, in bytes.
const maxLight = 24 << 10

// WithLight adds to a packet that has a place the layer of light that falls on the product
// there, so that what it changes can be told from what it doesn't. A layer too large for a
// packet is left away.
func WithLight(packet, layer []byte) []byte {
	if len(layer) > maxLight {
		return packet
	}
	const behind = ` opal:Product="`
	return bytes.Replace(packet, []byte(behind), []byte(` opal:Light="`+base64.StdEncoding.EncodeToString(layer)+`"`+behind), 1)
}

var lightPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`opal:Light="([A-Za-z0-9+/=]+)"`) })

// ReadLight returns the layer of light that a packet states; nil without one.
func ReadLight(packet []byte) []byte {
	m := lightPattern().FindSubmatch(packet)
	if m == nil {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(string(m[1]))
	if err != nil || len(b) > maxLight {
		return nil
	}
	return b
}

// Sound reports whether a place can be: windows that are not empty and lie in their
// pictures, or stick out of the finished one by less than their own size.
func (p Place) Sound() bool {
	const most, slack = 65_535, 1e-3
	for i := range 2 {
		at, n := p.Photo[i], p.Photo[i+2]
		if !(at >= -slack && n > 0 && at+n <= 1+slack) {
			return false
		}
		if p.Size[i] < 1 || p.Size[i] > most || p.File[i+2] < 1 || p.File[i+2] > most || p.File[i] <= -p.File[i+2] || p.File[i] >= p.Size[i] {
			return false
		}
	}
	return true
}
