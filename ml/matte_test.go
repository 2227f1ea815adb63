package ml

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Everything that the network's training data is made of has a licence that lets the
// weights be shipped, and the model card names it.
func TestSourcesOfTheOwnNetwork(t *testing.T) {
	data, err := os.ReadFile("matte/sources.json")
	if err != nil {
		t.Fatal(err)
	}
	var sources []struct {
		Name, From, Licence, Credit string
		UsedFor                     string `json:"used_for"`
		LicenceText                 string `json:"licence_text"`
		Committed                   bool
	}
	if err := json.Unmarshal(data, &sources); err != nil || len(sources) == 0 {
		t.Fatalf("%d sources: %v", len(sources), err)
	}
	for _, s := range sources {
		t.Run(s.Name, func(t *testing.T) {
			if s.From == "" || s.Credit == "" || s.UsedFor == "" {
				t.Errorf("incomplete: %+v", s)
			}
			switch s.Licence {
			case "MIT", "CC0-1.0":
			case "GPL-2.0-or-later":
				if !strings.Contains(s.UsedFor, "a tool") {
					t.Error("a source under the GPL is not a tool")
				}
			case "OPAL's own":
			default:
				t.Errorf("licence %s: add it here after reading it", s.Licence)
			}
			if own := s.Licence == "OPAL's own"; s.Committed != own || (s.LicenceText == "") != own {
				t.Errorf("committed %v, licence text %q", s.Committed, s.LicenceText)
			}
		})
	}
}
