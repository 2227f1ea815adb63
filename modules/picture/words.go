package picture

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"sync"
)

// Words say what a scene looks like, for models that take text. Parts are short
// phrases in English.
type Words struct {
	Setting string   `json:"setting"` // what is behind the product
	Surface string   `json:"surface"` // what it stands on
	Light   string   `json:"light"`
	Camera  string   `json:"camera"`
	Avoid   []string `json:"avoid"` // beside AvoidEverywhere
}

//go:embed words.json
var wordsFile []byte

// table is the file, which ml/sd reads, too: every engine words a scene alike.
var table = sync.OnceValue(func() (t struct {
	Avoid  []string         `json:"avoid"`
	Scenes map[string]Words `json:"scenes"`
}) {
	if err := json.Unmarshal(wordsFile, &t); err != nil {
		panic("words.json: " + err.Error()) // a test reads it
	}
	return t
})

// SceneWords returns a scene's words; the zero Words for an unknown scene.
func SceneWords(scene string) Words { return table().Scenes[scene] }

// AvoidEverywhere lists what no scene should hold.
func AvoidEverywhere() []string { return slices.Clone(table().Avoid) }

// wordedScenes lists the scenes that have words, in no order that matters.
func wordedScenes() []string { return slices.Sorted(maps.Keys(table().Scenes)) }
