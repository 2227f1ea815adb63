package check

import (
	"strings"

	"github.com/opal-photo/opal/modules/channel"
)

// advices say what to do about a broken rule, where the channel's own file says nothing.
var advices = map[string]string{
	channel.LongSide:        "Take or export it with more pixels; enlarging adds no detail",
	channel.ShortSide:       "Take or export it with more pixels; enlarging adds no detail",
	channel.Width:           "Take or export it with more pixels; enlarging adds no detail",
	channel.Height:          "Take or export it with more pixels; enlarging adds no detail",
	channel.ProductSide:     "Take the photo nearer to the product, or with more pixels",
	channel.LongSideAtMost:  "Make it smaller",
	channel.ShortSideAtMost: "Make it smaller",
	channel.Aspect:          "Crop it, or add room at two sides",
	channel.FileSize:        "Save it with a lower quality or fewer pixels",
	channel.FileSizeAtLeast: "Save it with a higher quality",
	channel.FillAtLeast:     "Crop it so that the product takes more of the frame",
	channel.FillAtMost:      "Leave more room around the product",
	channel.WhiteBackground: "Cut the product out, so that it stands on pure white",
	channel.PlainBackground: "Cut the product out, so that it stands on white or on nothing",
	channel.WhiteBorder:     "Make the frame's rim pure white: no border, no shadow, no piece of backdrop",
	channel.Residue:         "Remove what is left of the backdrop",
	channel.Cropped:         "Show the whole product",
	channel.ObjectsAtMost:   "Show the product alone",
	channel.Sharpness:       "Take a sharper photo",
	channel.SafeWidth:       "Move the product to the middle",
	channel.SafeZone:        "Move the product into the zone",
	channel.NoShadow:        "Make the picture without its shadow",
	channel.HasAlpha:        "Cut the product out and save it as PNG, with nothing behind it",
	channel.IsOpaque:        "Put the product on white",
	channel.NotGenerated:    "Use a photo of the item itself",
	channel.ColourSpace:     "Convert it to sRGB",
	channel.FileName:        "Rename the file",
	channel.SetSize:         "Add more pictures of the product",
}

// adviceOn says what to do about a broken rule.
func adviceOn(r channel.Rule) string {
	switch {
	case r.Advice != "":
		return r.Advice
	case r.Name == channel.Formats:
		return "Save it as " + strings.Join(r.AnyOf, " or ")
	}
	return advices[r.Name]
}
