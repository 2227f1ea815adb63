package console

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheWordsKeepToOneForm holds each language to one way of speaking to people, and to one word
// for what a set is: who reads two takes them for two things.
func TestTheWordsKeepToOneForm(t *testing.T) {
	// letters: \b knows those of ASCII alone
	word := func(forms string) *regexp.Regexp {
		return regexp.MustCompile(`(?:^|[^\p{L}])(` + forms + `)(?:$|[^\p{L}])`)
	}
	forbidden := map[string]map[string]*regexp.Regexp{
		"de": {
			"Sie": word(`[Dd]u|[Dd]ich|[Dd]ir|[Dd]ein(?:e[mnrs]?)?`),
			"Sie, in a request, too": regexp.MustCompile(`(?:^|[.:;|] )(Ziehe?|Nutze?|Füge?|Speichere?|Wähle?|Klicke?|Lege?|Male?|Setze?|Gib|Nimm|Sieh|Versuche?|Öffne|Kopiere?|Melde|Komme?|Lade?|Suche?|Prüfe?|Bitte?)` +
				` (?:das|die|den|der|dich|ein|eine|einen|es|hier|im|in|auf|mit|um|zuerst|noch|dann|erneut)[^\p{L}]`),
			"Set": word(`[Ss]erien?`),
		},
		"nl": {"je": word(`[Uu]w?|[Uu]zelf`), "set": word(`[Rr]eeks(?:en)?|[Ss]eries?`)},
		"fr": {"vous": word(`[Tt]u|[Tt]oi|[Tt]on|[Tt]es`), "série": word(`[Ss]ets?|[Ll]ots?|[Jj]eux?`)},
	}
	allowed := map[string]string{"time.hours": "u"} // nl: uur
	texts := regexp.MustCompile(`"((?:[^"\\]|\\.)+)":\s*"((?:[^"\\]|\\.)*)"`)
	for language, forms := range forbidden {
		b, err := os.ReadFile("src/words/" + language + ".ts")
		if err != nil {
			t.Fatal(err)
		}
		all := texts.FindAllStringSubmatch(string(b), -1)
		if len(all) < 500 {
			t.Fatalf("%s: %d texts were found", language, len(all))
		}
		for _, text := range all {
			for wanted, form := range forms {
				if found := form.FindStringSubmatch(text[2]); found != nil && strings.TrimSpace(found[1]) != allowed[text[1]] {
					t.Errorf("%s: %s says %q where the other texts keep to %s: %s", language, text[1], found[1], wanted, text[2])
				}
			}
		}
	}
}
