package client

import "time"

// PresetList lists the presets that variants can be made for.
type PresetList struct {
	Presets []Preset `json:"presets" nullable:"false"`
}

// Preset is one picture that a channel asks for.
type Preset struct {
	Name       string    `json:"name" pattern:"^[A-Za-z0-9_-]{1,64}$" example:"shopify"`
	Title      string    `json:"title" example:"Shopify product"`
	Channel    string    `json:"channel" doc:"Where the picture is shown" example:"Shopify"`
	Width      int       `json:"width" doc:"Pixels; a transparent picture is cut to the product within them" example:"2048"`
	Height     int       `json:"height" example:"2048"`
	Background string    `json:"background" enum:"scene,white,transparent,swatch" doc:"Behind the product; swatch: a square of its material, at the photo's own pixels and of at most this size" example:"scene"`
	Fill       float64   `json:"fill" doc:"Share of the frame that the product's longer relative side takes" example:"0.62"`
	Anchor     string    `json:"anchor,omitempty" enum:"centre,top,bottom" doc:"Where the product stands on white; left out: centre" example:"bottom"`
	SafeZone   []float64 `json:"safe_zone,omitempty" doc:"Left, top, right and bottom within which the product lies, as shares; left out: the frame" example:"[0,0.14,1,0.8]"`
	Format     string    `json:"format" doc:"jpeg, webp, avif or png" example:"jpeg"`
	Quality    int       `json:"quality,omitempty" doc:"Of the format's encoder, 1 to 100" example:"88"`
	Default    bool      `json:"default" doc:"One of those that a job gets that names none" example:"true"`
	Slot       string    `json:"slot,omitempty" doc:"The picture's place in a listing" example:"MAIN"`
	Category   string    `json:"category,omitempty" doc:"Of products, where the preset is for one alone" example:"clothing"`
	Rules      []Rule    `json:"rules" nullable:"false" doc:"What the channel demands of the finished file"`
}

// Rule is one demand of a channel on the finished file.
type Rule struct {
	Name      string    `json:"rule" example:"long_side"`
	Limit     float64   `json:"limit" doc:"Pixels, bytes or a share, as the rule says" example:"2048"`
	Tolerance float64   `json:"tolerance,omitempty" doc:"Of rule aspect, relative" example:"0.005"`
	Box       []float64 `json:"box,omitempty" doc:"Of rule safe_zone: left, top, right and bottom, as shares" example:"[0,0.14,1,0.8]"`
	AnyOf     []string  `json:"any_of,omitempty" doc:"Of rule formats: those that are taken" example:"[\"jpeg\",\"png\"]"`
	Severity  string    `json:"severity" enum:"reject,warn,advice" doc:"What it means that the rule is broken" example:"reject"`
	Source    string    `json:"source" doc:"Where the rule is written" example:"Product image requirements (Seller Central)"`
	Address   string    `json:"address" doc:"The source's address" example:"sellercentral.amazon.es"`
	Seen      string    `json:"seen" doc:"The day on which the source was last read" example:"2026-11-27"`
	From      string    `json:"from,omitempty" doc:"The first day on which the rule holds" example:"2027-01-31"`
	Until     string    `json:"until,omitempty" doc:"The first day on which it no longer holds" example:"2027-01-31"`
	Advice    string    `json:"advice,omitempty" doc:"What to do when it is broken" example:"Cut the product out"`
}

// SceneList names the scene types.
type SceneList struct {
	Scenes []string `json:"scenes" nullable:"false" example:"[\"studio\",\"kitchen\"]"`
}

// NewBrandProfile is a brand profile as callers write it. The zero value of each
// field leaves the choice to the scene.
type NewBrandProfile struct {
	TenantID       string    `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	ID             string    `json:"brand_profile_id,omitempty" nullable:"true" doc:"a–z, 0–9, - and _; on POST, left out: made of the name" example:"acme"`
	Name           string    `json:"name,omitempty" nullable:"true" doc:"At most 120 characters" example:"Acme"`
	ScenePrompt    string    `json:"scene_prompt,omitempty" nullable:"true" doc:"At most 2,000 characters" example:"pale wood, soft light"`
	NegativePrompt string    `json:"negative_prompt,omitempty" nullable:"true" doc:"At most 2,000 characters" example:"people, text"`
	Palette        []string  `json:"palette,omitempty" nullable:"true" doc:"#rrggbb, the most important first, at most 8" example:"[\"#e8d8c3\",\"#2f4858\"]"`
	Mood           string    `json:"mood,omitempty" nullable:"true" doc:"At most 200 characters" example:"calm"`
	Keywords       []string  `json:"keywords,omitempty" nullable:"true" doc:"At most 30 of 60 characters" example:"[\"handmade\"]"`
	LightDirection string    `json:"light_direction,omitempty" nullable:"true" doc:"left, right or auto" example:"left"`
	ProductFill    float64   `json:"product_fill,omitempty" nullable:"true" doc:"Share of the frame's side that the product takes, 0.3 to 0.9; 0: the scene's own" example:"0.6"`
	DefaultPresets []string  `json:"default_presets,omitempty" nullable:"true" doc:"Names from GET /v1/presets" example:"[\"shopify\"]"`
	Plates         []string  `json:"plates,omitempty" nullable:"true" doc:"Ids of own backgrounds, at most 10: the scenes of items that name none" example:"[]"`
	Steering       *Steering `json:"steering,omitempty" doc:"Wished of every picture, unless its item has its own"`
	Review         string    `json:"review,omitempty" nullable:"true" doc:"off: no picture waits for a person; else on" example:"on"`
	ReviewBelow    float64   `json:"review_below,omitempty" nullable:"true" doc:"Cut-outs of a lower confidence, 0 to 1, wait for a person; 0: the operator's setting" example:"0.5"`
	Rights         Rights    `json:"rights,omitzero" doc:"Stated in every picture's file, each in the place of the photo's"`
	Naming         string    `json:"naming,omitempty" nullable:"true" doc:"A pattern of the names of files whose channel demands none, of words and {name} {sku} {title} {scene} {channel} {size} {n}, at most 120 characters; what a product lacks is its photo's name; left out: the photo's name with the scene" example:"{sku}_{channel}_{n}"`
	Looks          []Look    `json:"looks,omitempty" nullable:"true" doc:"To choose from, at most 20"`
}

// Look is one of a brand's looks: what is wished of pictures when it is chosen.
type Look struct {
	Name        string    `json:"name" doc:"At most 120 characters, different from the other looks'" example:"Spring"`
	SceneTypes  []string  `json:"scene_types,omitempty" nullable:"true" doc:"Scenes, at most 10" example:"[\"kitchen\"]"`
	ScenePrompt string    `json:"scene_prompt,omitempty" nullable:"true" doc:"Words for the scenes" example:"morning light"`
	Steering    *Steering `json:"steering,omitempty" doc:"Wished of every picture"`
}

// Rights are what a brand states of its pictures' rights, in the fields that IPTC and
// image search know.
type Rights struct {
	Creator      string `json:"creator,omitempty" nullable:"true" doc:"At most 500 characters" example:"Acme Studio"`
	Copyright    string `json:"copyright,omitempty" nullable:"true" doc:"The notice" example:"© 2026 Acme"`
	Credit       string `json:"credit,omitempty" nullable:"true" doc:"The line that is to be printed" example:"Photo: Acme"`
	WebStatement string `json:"web_statement,omitempty" nullable:"true" doc:"Address of the terms of use" example:"https://acme.example/terms"`
	Licensor     string `json:"licensor,omitempty" nullable:"true" doc:"Who gives licences" example:"Acme Licensing"`
	LicensorURL  string `json:"licensor_url,omitempty" nullable:"true" doc:"Where they are to be had" example:"https://acme.example/licences"`
}

// BrandProfile is a brand's look.
type BrandProfile struct {
	ID             string           `json:"brand_profile_id" example:"acme"`
	Name           string           `json:"name" example:"Acme"`
	ScenePrompt    string           `json:"scene_prompt" example:"pale wood, soft light"`
	NegativePrompt string           `json:"negative_prompt" example:"people, text"`
	Palette        []string         `json:"palette" nullable:"false" doc:"#rrggbb, the most important first" example:"[\"#e8d8c3\"]"`
	Mood           string           `json:"mood" example:"calm"`
	Keywords       []string         `json:"keywords" nullable:"false" example:"[\"handmade\"]"`
	UnknownWords   []string         `json:"unknown_words,omitempty" doc:"Words of scene_prompt, mood, keywords and looks that OPAL's own scenes don't know; an engine with a model may heed them. Not in lists" example:"[\"whimsical\"]"`
	LightDirection string           `json:"light_direction" enum:"auto,left,right" example:"left"`
	ProductFill    float64          `json:"product_fill" doc:"Share of the frame's side that the product takes; 0: the scene's own" example:"0.6"`
	DefaultPresets []string         `json:"default_presets" nullable:"false" example:"[\"shopify\"]"`
	Plates         []string         `json:"plates" nullable:"false" doc:"Ids of own backgrounds" example:"[]"`
	Steering       *Steering        `json:"steering,omitempty" doc:"Wished of every picture; left out: nothing"`
	Review         string           `json:"review" enum:"on,off" doc:"off: no picture waits for a person" example:"on"`
	ReviewBelow    float64          `json:"review_below" doc:"Cut-outs of a lower confidence wait for a person; 0: the operator's setting" example:"0.5"`
	Rights         Rights           `json:"rights" doc:"Stated in every picture's file, each in the place of the photo's"`
	Naming         string           `json:"naming" doc:"The pattern of file names; empty: the photo's name with the scene" example:"{sku}_{channel}_{n}"`
	Looks          []Look           `json:"looks" nullable:"false" doc:"To choose from"`
	Version        int              `json:"version" doc:"Counts what went live; 0 for a default that nobody edited" example:"3"`
	Logo           *string          `json:"logo" doc:"Changes with the logo, for caches; null: there is none"`
	Draft          *NewBrandProfile `json:"draft,omitempty" doc:"Changes that jobs don't follow until they are published; left out: none"`
	CreatedAt      *time.Time       `json:"created_at" doc:"null for a default that nobody edited"`
	UpdatedAt      *time.Time       `json:"updated_at"`
}

// BrandVersion is a brand profile as it was live before.
type BrandVersion struct {
	Version  int          `json:"version" example:"2"`
	LiveFrom time.Time    `json:"live_from" doc:"Until the next one's" example:"2026-11-27T09:30:00Z"`
	Profile  BrandProfile `json:"profile"`
}

// BrandVersionList is a brand profile's earlier versions, the newest first.
type BrandVersionList struct {
	Versions []BrandVersion `json:"versions" nullable:"false"`
}

// BrandProfileList is a tenant's brand profiles, default first.
type BrandProfileList struct {
	Profiles []BrandProfile `json:"brand_profiles" nullable:"false"`
}
