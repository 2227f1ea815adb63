// Package brand keeps brand profiles: the settings that give a tenant's
// catalogue one look.
//
// Profile "default" always exists. Until a tenant edits it, it has no row, and
// the engine's defaults apply.
package brand

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// DefaultID is the profile that always exists.
const DefaultID = picture.DefaultBrand

// The values of Profile.LightDirection.
const (
	LightAuto  = "auto" // the product's own shading decides
	LightLeft  = picture.LightLeft
	LightRight = picture.LightRight
)

// The values of Profile.Review.
const (
	ReviewOn  = "on"  // a person looks at pictures of a low confidence before they are delivered
	ReviewOff = "off" // all are delivered
)

// The limits of a profile. Lengths are in characters.
const (
	MaxProfiles      = 500 // per tenant
	MaxName          = 120
	MaxPrompt        = 2000
	MaxMood          = 200
	MaxKeyword       = 60
	MaxKeywords      = 30
	MaxPalette       = 8
	MaxPresets       = 40
	MaxProfilePlates = 10 // as many as an item can have scenes
	MinFill          = 0.3
	MaxFill          = 0.9
	MaxNaming        = 120
	MaxLooks         = 20
	MaxRights        = 500 // of a statement of rights: as much as is read back from files
	MaxRightsURL     = 500
	maxPresetName    = 64
)

// Errors of callers.
var (
	ErrNotFound = fault.New(fault.NotFound, "brand_profile_not_found", "There is no such brand profile")
	ErrExists   = fault.New(fault.Conflict, "brand_profile_exists", "There is a brand profile with this id already; PUT to it to change it")
	ErrInvalid  = fault.New(fault.Invalid, "brand_profile_invalid", "The brand profile is not valid")
	ErrDefault  = fault.New(fault.Conflict, "brand_profile_default", "Profile default can't be deleted; PUT to it to change it")
	ErrTooMany  = fault.New(fault.Conflict, "brand_profiles_full", "There are as many brand profiles as a tenant can have; delete one first")
)

// Profile is a brand's look. The zero value of each field leaves the choice to
// the scene.
type Profile struct {
	ID             string           `json:"brand_profile_id"`
	Name           string           `json:"name"`
	ScenePrompt    string           `json:"scene_prompt"`
	NegativePrompt string           `json:"negative_prompt"`
	Palette        []string         `json:"palette"` // #rrggbb, the most important first
	Mood           string           `json:"mood"`
	Keywords       []string         `json:"keywords"`
	LightDirection string           `json:"light_direction"`   // LightAuto, LightLeft or LightRight
	ProductFill    float64          `json:"product_fill"`      // share of the frame's side that the product takes, MinFill–MaxFill; 0: the scene's own
	DefaultPresets []string         `json:"default_presets"`   // for jobs that name none
	Plates         []string         `json:"plates,omitempty"`  // ids of own backgrounds: the scenes of items that name none
	Steering       picture.Steering `json:"steering,omitzero"` // of every picture, unless an item has its own
	Review         string           `json:"review"`            // ReviewOn or ReviewOff
	ReviewBelow    float64          `json:"review_below"`      // confidence, 0–1, under which a person looks at a cut-out; 0: the operator's setting
	Rights         picture.Rights   `json:"rights,omitzero"`   // stated in every picture in the place of the photo's
	Naming         string           `json:"naming,omitempty"`  // of files whose channel demands no names, see CheckNaming; "": the photo's name with the scene
	Looks          []Look           `json:"looks,omitempty"`   // to choose from
	CreatedAt      time.Time        `json:"created_at"`        // zero while default is unedited
	UpdatedAt      time.Time        `json:"updated_at"`

	Version int      `json:"-"` // counts what went live
	Draft   *Profile `json:"-"` // changes that are not live; nil: none
	Logo    string   `json:"-"` // changes with the logo; "": none
}

// Look is one of a brand's looks: what is wished of pictures when it is chosen.
type Look struct {
	Name        string           `json:"name"`
	SceneTypes  []string         `json:"scene_types,omitempty"`
	ScenePrompt string           `json:"scene_prompt,omitempty"`
	Steering    picture.Steering `json:"steering,omitzero"`
}

// defaultProfile is profile default before anybody edits it.
func defaultProfile() Profile {
	return Profile{ID: DefaultID, Name: "Default", LightDirection: LightAuto, Review: ReviewOn, Palette: []string{}, Keywords: []string{}, DefaultPresets: []string{}}
}

var (
	idPattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	colourPattern = regexp.MustCompile(`^#[0-9a-f]{6}$`)
)

// normalize trims and validates a profile, and fills in what was left out. The
// errors are ErrInvalid with the field and its limit.
func (p *Profile) normalize() error {
	if !idPattern.MatchString(p.ID) {
		return ErrInvalid.With("brand_profile_id must be 1–63 of a–z, 0–9, - and _, and begin with a letter or digit")
	}
	for _, f := range []struct {
		name string
		text *string
		max  int
	}{
		{"name", &p.Name, MaxName}, {"scene_prompt", &p.ScenePrompt, MaxPrompt},
		{"negative_prompt", &p.NegativePrompt, MaxPrompt}, {"mood", &p.Mood, MaxMood},
	} {
		*f.text = strings.TrimSpace(*f.text)
		if err := checkText(f.name, *f.text, f.max); err != nil {
			return err
		}
	}
	if p.Name == "" {
		return ErrInvalid.With("name is missing")
	}
	switch p.LightDirection {
	case "":
		p.LightDirection = LightAuto
	case LightAuto, LightLeft, LightRight:
	default:
		return ErrInvalid.With("light_direction must be left, right or auto")
	}
	// Written so that NaN, which compares with nothing, is refused too.
	if p.ProductFill != 0 && !(p.ProductFill >= MinFill && p.ProductFill <= MaxFill) {
		return ErrInvalid.With("product_fill must be between %.1f and %.1f, or 0 for the scene's own", MinFill, MaxFill)
	}
	switch p.Review {
	case "":
		p.Review = ReviewOn
	case ReviewOn, ReviewOff:
	default:
		return ErrInvalid.With("review must be on or off")
	}
	if !(p.ReviewBelow >= 0 && p.ReviewBelow <= 1) {
		return ErrInvalid.With("review_below must be between 0 and 1; 0 is the operator's setting")
	}
	if err := p.normalizeRights(); err != nil {
		return err
	}
	if p.Naming = strings.TrimSpace(p.Naming); p.Naming != "" {
		if err := CheckNaming(p.Naming); err != nil {
			return err
		}
	}
	if err := p.normalizeLooks(); err != nil {
		return err
	}
	if err := p.checkWishes(); err != nil {
		return err
	}
	return p.normalizeLists()
}

// checkWishes refuses wishes of which one leaves another nothing to do. Those of a look stand over
// the profile's. Error: picture.ErrSteering.
func (p *Profile) checkWishes() error {
	w := picture.Wishes{Steering: p.Steering, Light: p.LightDirection, Fill: p.ProductFill}
	for i, l := range p.Looks {
		w.Scenes = append(w.Scenes, l.SceneTypes...)
		if err := l.Steering.CheckWishesAs(func(field string) string { return fmt.Sprintf("looks[%d].steering.%s", i, field) }); err != nil {
			return err
		}
	}
	return w.Check(func(field string) string {
		switch field {
		case "light":
			return "light_direction"
		case "fill":
			return "product_fill"
		}
		return "steering." + field
	})
}

// NamingFields are what a pattern of file names may hold.
func NamingFields() []string {
	return []string{"{name}", "{sku}", "{title}", "{scene}", "{channel}", "{size}", "{n}"}
}

var namingField = regexp.MustCompile(`\{[^{}]*\}`)

// CheckNaming judges a pattern of file names: words and fields, one of which tells the
// products apart. Error: ErrInvalid.
func CheckNaming(pattern string) error {
	if err := checkText("naming", pattern, MaxNaming); err != nil {
		return err
	}
	if strings.ContainsAny(pattern, "/\\:*?\"<>|\n\r\t") || strings.HasPrefix(pattern, ".") {
		return ErrInvalid.With("naming must be one name without folders and without any of : * ? \" < > |")
	}
	rest := pattern
	for _, f := range namingField.FindAllString(pattern, -1) {
		if !slices.Contains(NamingFields(), f) {
			return ErrInvalid.With("naming has the field %s; known are %s", f, strings.Join(NamingFields(), " "))
		}
		rest = strings.Replace(rest, f, "", 1)
	}
	if strings.ContainsAny(rest, "{}") {
		return ErrInvalid.With("naming has a brace that opens or closes no field; known are %s", strings.Join(NamingFields(), " "))
	}
	if !strings.Contains(pattern, "{name}") && !strings.Contains(pattern, "{sku}") && !strings.Contains(pattern, "{title}") {
		return ErrInvalid.With("naming must have {name}, {sku} or {title}, which tell products apart")
	}
	return nil
}

// normalizeLooks trims and validates the looks to choose from.
func (p *Profile) normalizeLooks() error {
	if len(p.Looks) > MaxLooks {
		return ErrInvalid.With("looks has %d entries; %d is the limit", len(p.Looks), MaxLooks)
	}
	seen := map[string]bool{}
	looks := slices.Clone(p.Looks)
	for i := range looks {
		l := &looks[i]
		l.Name, l.ScenePrompt = strings.TrimSpace(l.Name), strings.TrimSpace(l.ScenePrompt)
		if l.Name == "" || seen[strings.ToLower(l.Name)] {
			return ErrInvalid.With("each of looks needs a name of its own")
		}
		seen[strings.ToLower(l.Name)] = true
		err := checkText("a look's name", l.Name, MaxName)
		if err == nil {
			err = checkText("a look's scene_prompt", l.ScenePrompt, MaxPrompt)
		}
		if err == nil {
			l.SceneTypes, err = cleanList("a look's scene_types", l.SceneTypes, MaxProfilePlates, func(s string) (string, error) {
				clean, ok := picture.CleanScene(s)
				if !ok {
					return "", ErrInvalid.With("a look names the scene %.64q%s", s, picture.SceneHint(s))
				}
				return clean, nil
			})
		}
		if err != nil {
			return err
		}
	}
	p.Looks = looks
	return nil
}

// normalizeRights trims and validates what is written into pictures' files.
func (p *Profile) normalizeRights() error {
	r := &p.Rights
	for _, f := range []struct {
		name string
		text *string
		max  int
		url  bool
	}{
		{"creator", &r.Creator, MaxRights, false}, {"copyright", &r.Copyright, MaxRights, false}, {"credit", &r.Credit, MaxRights, false}, {"licensor", &r.Licensor, MaxRights, false},
		{"web_statement", &r.WebStatement, MaxRightsURL, true}, {"licensor_url", &r.LicensorURL, MaxRightsURL, true},
	} {
		*f.text = strings.TrimSpace(*f.text)
		if err := checkText("rights."+f.name, *f.text, f.max); err != nil {
			return err
		}
		if strings.ContainsAny(*f.text, "\n\r\t") {
			return ErrInvalid.With("rights.%s must be one line", f.name)
		}
		if u, err := url.Parse(*f.text); f.url && *f.text != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return ErrInvalid.With("rights.%s must be an http or https address", f.name)
		}
	}
	return nil
}

func (p *Profile) normalizeLists() error {
	var err error
	if p.Palette, err = cleanList("palette", p.Palette, MaxPalette, func(s string) (string, error) {
		if s = strings.ToLower(s); !colourPattern.MatchString(s) {
			return "", ErrInvalid.With("palette holds a colour that is not of the form #rrggbb")
		}
		return s, nil
	}); err != nil {
		return err
	}
	if p.Keywords, err = cleanList("keywords", p.Keywords, MaxKeywords, func(s string) (string, error) {
		return s, checkText("a keyword", s, MaxKeyword)
	}); err != nil {
		return err
	}
	if p.Plates, err = cleanList("plates", p.Plates, MaxProfilePlates, func(s string) (string, error) {
		if id, ok := picture.ParsePlate(s); ok { // as scene_types have it
			s = id
		}
		return s, checkText("a plate's id", s, maxPresetName)
	}); err != nil {
		return err
	}
	if len(p.Plates) == 0 {
		p.Plates = nil // as it is read again: a profile without plates doesn't store them
	}
	p.DefaultPresets, err = cleanList("default_presets", p.DefaultPresets, MaxPresets, func(s string) (string, error) {
		return s, checkText("a preset's name", s, maxPresetName)
	})
	return err
}

// cleanList trims entries, drops empty and repeated ones and bounds their number.
func cleanList(name string, in []string, limit int, clean func(string) (string, error)) ([]string, error) {
	if len(in) > limit {
		return nil, ErrInvalid.With("%s has %d entries; %d is the limit", name, len(in), limit)
	}
	out := make([]string, 0, len(in))
	seen := make(map[string]bool, len(in))
	for _, s := range in {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		s, err := clean(s)
		if err != nil {
			return nil, err
		}
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out, nil
}

func checkText(name, s string, limit int) error {
	if n := utf8.RuneCountInString(s); n > limit {
		return ErrInvalid.With("%s has %d characters; %d is the limit", name, n, limit)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }) {
		return ErrInvalid.With("%s holds control characters", name)
	}
	return nil
}
