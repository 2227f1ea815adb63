package channel

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What the schema can't say of a channel's file. A rule that is half written would hold for
// every picture or for none, and nobody would notice.

// unit is what a rule's limit counts.
type unit int

const (
	nothing unit = iota // it has no limit
	pixels
	octets
	share // 0 to 1
	count
	times // width by height
)

// units are those of the rules' limits.
var units = map[string]unit{
	LongSide: pixels, ShortSide: pixels, Width: pixels, Height: pixels, LongSideAtMost: pixels, ShortSideAtMost: pixels, ProductSide: pixels,
	FileSize: octets, FileSizeAtLeast: octets, Aspect: times, ObjectsAtMost: count, SetSize: count,
	FillAtLeast: share, FillAtMost: share, WhiteBackground: share, PlainBackground: share, WhiteBorder: share, Residue: share, Sharpness: share,
	SafeWidth: share, NoShadow: share, HasAlpha: share,
}

// most are the largest limits that make sense.
var most = map[unit]float64{pixels: 100_000, octets: 1 << 40, share: 1, count: 1000, times: 100}

// values are what any_of may name.
var values = map[string][]string{
	Formats:     {"jpeg", "png", "webp", "heic", "avif", "tiff", "gif", "bmp"},
	ColourSpace: {"srgb", "grey", "wide", "cmyk"},
}

// fault says what is wrong with a rule, and at which of its fields; "" when nothing is.
func (r Rule) fault(p Preset) (field, what string) {
	u := units[r.Name]
	switch {
	case u != nothing && r.Limit <= 0:
		return "limit", "it needs a limit above 0"
	case u == share && r.Limit > 1:
		return "limit", fmt.Sprintf("its limit is a share, from 0 to 1: %g is %g %%", r.Limit/100, r.Limit)
	case u != nothing && r.Limit > most[u]:
		return "limit", fmt.Sprintf("its limit is above %g", most[u])
	case r.Name == Aspect && r.Tolerance <= 0:
		return "limit", "it needs a tolerance, such as 0.005: no file has the very shape"
	case values[r.Name] != nil && len(r.AnyOf) == 0:
		return "rule", "it needs any_of: " + strings.Join(values[r.Name], ", ")
	case r.Name == FileName && len(r.AnyOf) == 0 && p.FileName == "":
		return "rule", "it needs any_of, or the preset a file_name"
	case r.From != "" && r.Until != "" && r.From >= r.Until:
		return "until", "until is the first day on which it no longer holds, and lies after from"
	}
	for _, v := range r.AnyOf {
		if known := values[r.Name]; known != nil && !slices.Contains(known, v) {
			return "any_of", fmt.Sprintf("%.40q is not one of %s", v, strings.Join(known, ", "))
		}
		if r.Name == FileName {
			if why := formFault(v); why != "" {
				return "any_of", why
			}
		}
	}
	for _, d := range []struct{ field, value string }{{"from", r.From}, {"until", r.Until}} {
		if _, err := time.Parse(day, d.value); d.value != "" && err != nil {
			return d.field, fmt.Sprintf("%.40q is not a day such as 2027-01-31", d.value)
		}
	}
	return "", ""
}

var (
	formField = regexp.MustCompile(`\{[^{}]*\}`)
	formPlain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	channelOf = regexp.MustCompile(`^[\pL\pN][\pL\pN .&'+_-]*$`)
)

// formFields are what stands for a product's data in file names.
var formFields = []string{"{asin}", "{gtin}", "{gtin14}", "{sku}", "{slug}"}

// formFault says what is wrong with a form of file names; "" when nothing is.
func formFault(form string) string {
	known := 0
	for _, f := range formField.FindAllString(form, -1) {
		if !slices.Contains(formFields, f) {
			return fmt.Sprintf("%.40q is not one of %s", f, strings.Join(formFields, ", "))
		}
		known++
	}
	if known == 0 {
		return fmt.Sprintf("%.60q names all files alike: it needs one of %s", form, strings.Join(formFields, ", "))
	}
	if !formPlain.MatchString(formField.ReplaceAllString(form, "x")) {
		return fmt.Sprintf("%.60q may hold letters, digits, dots, dashes and underlines beside its fields; the extension is added", form)
	}
	return ""
}

// reserved are folders that other things have: OPAL's own in a ZIP, and Windows' devices.
var reserved = regexp.MustCompile(`^(?:review|manifest|con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)`)

// sound holds a file against what the schema can't say.
func (f *file) sound() error {
	if folder := Folder(f.Channel); !channelOf.MatchString(f.Channel) || reserved.MatchString(folder) || strings.HasSuffix(folder, ".") {
		return &at{[]string{"channel"}, errors.New("a folder is called after the channel: letters, digits, spaces and . & ' + _ - may stand in its name, and it isn't one of review, manifest, con, nul ...")}
	}
	for key, s := range f.Sources {
		if _, err := time.Parse(day, s.Seen); err != nil {
			return &at{[]string{"sources", key, "seen"}, fmt.Errorf("%.40q is not a day such as 2027-01-31", s.Seen)}
		}
	}
	names := map[string]bool{}
	for i, s := range f.Slots {
		all := s.all()
		if len(all) == 0 {
			return &at{[]string{"slots", strconv.Itoa(i)}, fmt.Errorf("slot %s: to is the last of the row that name begins: PT99 where name is PT01", s.Name)}
		}
		for _, n := range all {
			if names[n] {
				return &at{[]string{"slots", strconv.Itoa(i)}, fmt.Errorf("slot %s is there twice", n)}
			}
			names[n] = true
		}
	}
	for i, p := range f.Presets {
		if p.Background == Transparent && p.Format == JPEG {
			return &at{[]string{"presets", strconv.Itoa(i), "format"}, fmt.Errorf("%s: JPEG holds no transparency; name png, webp or avif", p.Name)}
		}
		if p.FileName == "" {
			continue
		}
		if why := formFault(p.FileName); why != "" {
			return &at{[]string{"presets", strconv.Itoa(i), "file_name"}, fmt.Errorf("%s: %s", p.Name, why)}
		}
	}
	return nil
}

// controls finds text with control characters, which would move a terminal's cursor
// wherever it is shown.
func controls(v any, path []string) error {
	switch v := v.(type) {
	case string:
		if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
			return &at{slices.Clone(path), errors.New("it holds control characters")}
		}
	case map[string]any:
		for k, below := range v {
			if err := controls(k, path); err != nil {
				return err
			}
			if err := controls(below, append(path, k)); err != nil {
				return err
			}
		}
	case []any:
		for i, below := range v {
			if err := controls(below, append(path, strconv.Itoa(i))); err != nil {
				return err
			}
		}
	}
	return nil
}
