package picture

import "testing"

func TestNoted(t *testing.T) {
	for name, c := range map[string][3]string{
		"nothing to nothing": {"", "", ""}, "the first": {"", "a", "a"}, "one more": {"a", "b", "a; b"}, "nothing more": {"a", "", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Noted(c[0], c[1]); got != c[2] {
				t.Errorf("%q", got)
			}
		})
	}
}
