package export

import (
	"image"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/shade"
)

// shadowOf returns what shadow a preset's variant shows under its product: what was wished,
// else what the preset says. A channel that wants none gets none.
func (l *Layers) shadowOf(p channel.Preset) string {
	if l.shadowless {
		return picture.ShadowDrop
	}
	kind := picture.ShadowOnWhite
	switch p.Background {
	case channel.Transparent, channel.Swatch:
		return picture.ShadowDrop
	case channel.Scene:
		kind = picture.ShadowInScene
	}
	for _, r := range p.Rules {
		if r.Name == channel.NoShadow && r.Severity == channel.Reject {
			return picture.ShadowDrop
		}
	}
	mode := l.Shadows.Of(p.Name, kind)
	if mode == "" {
		mode = string(p.Shadow)
	}
	if mode == "" || picture.KeepsOwn(mode) && (l.Own == nil || l.OwnShadow == nil) || mode == picture.ShadowContact && kind != picture.ShadowOnWhite || l.whole() {
		return picture.ShadowDrop
	}
	if mode == picture.ShadowContact && l.cutBelow() {
		return picture.ShadowDrop
	}
	return mode
}

// cutBelow reports whether the photo's lower edge cuts the product off, which touches no
// ground there. A photo that is cropped to its product shows it whole.
func (l *Layers) cutBelow() bool {
	b, size := l.CutoutBounds.Rect(), l.Cutout.Rect.Size()
	return b.Max.Y >= size.Y && b.Min.Y > 0
}

// shadeUnder lays the shadow that a variant shows beside its scene's own under the product,
// and reports whether there is one.
func shadeUnder(out *image.NRGBA, p channel.Preset, l *Layers, prod *product, at image.Rectangle) bool {
	switch mode := l.shadowOf(p); mode {
	case picture.ShadowKeep, picture.ShadowSoften:
		if p.Background == channel.Scene && l.HorizonY > 0 { // where it stands it touches the floor, whatever the photo showed
			layer, lies := shade.ContactShadow(prod.at(at.Dx(), at.Dy()))
			shade.Lay(out, layer, lies.Add(at.Min), at, false)
		}
		shade.Lay(out, l.Own, shade.Place(l.OwnShadow.Box.Rect(), l.CutoutBounds.Rect(), at), at, mode == picture.ShadowSoften)
		return true
	case picture.ShadowContact:
		layer, lies := shade.ContactShadow(prod.at(at.Dx(), at.Dy()))
		shade.Lay(out, layer, lies.Add(at.Min), at, false)
		return true
	}
	return false
}

// lightOn returns the light that falls on a preset's product; nil for none. White pages,
// and listings on marketplaces, show it as it was photographed.
func (l *Layers) lightOn(p channel.Preset) *shade.Light {
	if p.Background != channel.Scene || p.Unlit || l.Backdrop == nil || l.Original {
		return nil
	}
	return l.Light
}

// shown returns the product at a size as a variant shows it.
func (l *Layers) shown(p channel.Preset, prod *product, w, h int) *image.NRGBA {
	img := prod.at(w, h)
	if light := l.lightOn(p); light != nil {
		return light.On(img)
	}
	return img
}
