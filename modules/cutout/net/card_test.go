package net

import (
	"os"
	"strings"
	"testing"
)

// The card describes the weights that are there, and names what they were made of.
func TestCardIsOfTheseWeights(t *testing.T) {
	card, err := os.ReadFile("CARD.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{SHA256, "MIT", "CC0-1.0", "CC-BY-3.0", "Gnanasaireddy", "Copyright (c) Microsoft Corporation", "Permission is hereby granted", "## Photographs", "## Limits"} {
		if !strings.Contains(string(card), want) {
			t.Errorf("CARD.md lacks %q", want)
		}
	}
	if len(embedded) > 8<<20 {
		t.Errorf("the weights are %d bytes", len(embedded))
	}
}
