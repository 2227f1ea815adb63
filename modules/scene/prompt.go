package scene

import (
	"strings"
	"unicode"
)

// steer is what the prompt asks for. Unknown words are ignored, so any text is
// a valid prompt.
type steer struct {
	colours  []rgb
	material material // materialAuto when not named
	light    lightKind
	mood     mood
	gobo     goboKind
	flat     bool // the words describe something seen from above
	side     Light
}

// maxColours is how many chosen colours a set can use.
const maxColours = 4

type lightKind int

const (
	lightAuto lightKind = iota
	lightSoft
	lightHard
	lightGolden
	lightBack
)

type mood int

const (
	moodAuto mood = iota
	moodDark
	moodAiry
)

// fields splits text into lower-case words.
func fields(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// parsePrompt reads the steering words out of free text.
func parsePrompt(text string) steer {
	words := fields(text)
	var s steer
	for i := 0; i < len(words); {
		used := 1
		for n := min(3, len(words)-i); n >= 1; n-- {
			if s.take(strings.Join(words[i:i+n], " ")) {
				used = n
				break
			}
		}
		i += used
	}
	return s
}

func (s *steer) take(phrase string) bool {
	known := false
	// A material phrase such as "white marble" must not also paint the walls
	// white, so materials are tried before colours.
	// Of words that contradict each other the first one counts: an item's come before its
	// brand's.
	if v, ok := materialWords[phrase]; ok {
		known = true
		if s.material == materialAuto {
			s.material = v
		}
	} else if v, ok := colourWords[phrase]; ok && len(s.colours) < maxColours {
		s.colours, known = append(s.colours, hex(v)), true
	}
	if v, ok := lightWords[phrase]; ok {
		known = true
		if s.light == lightAuto {
			s.light = v
		}
	}
	if v, ok := moodWords[phrase]; ok {
		known = true
		if s.mood == moodAuto {
			s.mood = v
		}
	}
	if v, ok := goboWords[phrase]; ok {
		known = true
		if s.gobo == goboNone {
			s.gobo = v
		}
	}
	if v, ok := sideWords[phrase]; ok {
		known = true
		if s.side == LightAuto {
			s.side = v
		}
	}
	if flatWords[phrase] {
		s.flat, known = true, true
	}
	return known
}
