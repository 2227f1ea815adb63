package openai

import (
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// maxPrompt is the longest prompt that the API takes, in characters.
const maxPrompt = 32_000

// prompt words a placement for a model that follows instructions. The scene's own
// words come from the table that all engines share.
func prompt(r pipeline.Placement) string {
	var b strings.Builder
	b.WriteString("Paint a photorealistic scene around the product in this picture, as for a catalogue. " +
		"Keep the product exactly as it is: same place, size, shape, colours and text. " +
		"Let it stand on a surface with a contact shadow that fits the light. Add no other product, no text and no people.")
	line := func(label, text string) {
		if text = strings.TrimSpace(text); text != "" {
			b.WriteString("\n" + label + ": " + text)
		}
	}
	line("Product", r.Title)
	words := picture.SceneWords(r.Scene)
	line("Scene", strings.TrimSuffix(strings.ReplaceAll(r.Scene, "_", " ")+": "+words.Setting, ": "))
	line("Surface", words.Surface)
	line("Camera", words.Camera)
	line("Wishes", r.Prompt)
	line("Colours", strings.Join(r.Look.Palette, ", "))
	light := words.Light
	if r.Look.Light != "" {
		light = strings.TrimPrefix(light+", from the "+r.Look.Light, ", ")
	}
	line("Light", light)
	avoid := slices.Concat([]string{r.Look.NegativePrompt}, words.Avoid, picture.AvoidEverywhere())
	line("Avoid", strings.Join(slices.DeleteFunc(avoid, func(a string) bool { return strings.TrimSpace(a) == "" }), ", "))
	text := []rune(b.String())
	return string(text[:min(len(text), maxPrompt)])
}
