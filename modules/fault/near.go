package fault

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// longestGuessed is the length in bytes from which a word is not guessed at: the distance
// takes the product of both lengths, and callers write the word.
const longestGuessed = 60

// Nearest returns the word among those known that another is nearest to, whatever its case, so
// that a message can ask "did you mean"; "" where each is more than most characters away.
func Nearest(word string, known []string, most int) string {
	if len(word) > longestGuessed {
		return ""
	}
	best, at := "", most+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k)); d < at {
			best, at = k, d
		}
	}
	return best
}
