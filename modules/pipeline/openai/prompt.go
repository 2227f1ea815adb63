package openai

import (
	"strings"

	"github.com/opal-photo/opal/modules/pipeline"
)

// maxPrompt is what the API takes, in characters.
const maxPrompt = 32_000

// prompt words a placement for a model that follows instructions.
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
	line("Scene", strings.ReplaceAll(r.Scene, "_", " "))
	line("Wishes", r.Prompt)
	line("Colours", strings.Join(r.Look.Palette, ", "))
	if r.Look.Light != "" {
		line("Light", "from the "+r.Look.Light)
	}
	line("Avoid", r.Look.NegativePrompt)
	text := []rune(b.String())
	return string(text[:min(len(text), maxPrompt)])
}
