package queue

import (
	"slices"
	"testing"
)

func TestShare(t *testing.T) {
	for name, c := range map[string]struct {
		tenants []waiting
		cursor  string
		n       int
		want    []waiting
		last    string
	}{
		"nobody waits":            {nil, "x", 5, nil, "x"},
		"one takes all":           {[]waiting{{"a", 9}}, "", 5, []waiting{{"a", 5}}, "a"},
		"no more than the window": {[]waiting{{"a", 2}, {"b", 9}}, "", 8, []waiting{{"a", 2}, {"b", 6}}, "b"},
		"from the one after":      {[]waiting{{"a", 9}, {"b", 9}, {"c", 9}}, "a", 4, []waiting{{"b", 2}, {"c", 1}, {"a", 1}}, "b"},
		"after one that is gone":  {[]waiting{{"a", 9}, {"c", 9}}, "b", 1, []waiting{{"c", 1}}, "c"},
		"after the last":          {[]waiting{{"a", 9}, {"b", 9}}, "z", 1, []waiting{{"a", 1}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			got, last := share(c.tenants, c.cursor, c.n)
			if !slices.Equal(got, c.want) || last != c.last {
				t.Fatalf("got %v and %q, want %v and %q", got, last, c.want, c.last)
			}
		})
	}
}

func TestInterleave(t *testing.T) {
	rows := func(ids ...string) (out []row) {
		for _, id := range ids {
			out = append(out, row{id: id})
		}
		return out
	}
	got := interleave([][]row{rows("a1", "a2", "a3"), nil, rows("b1"), rows("c1", "c2")})
	if want := rows("a1", "b1", "c1", "a2", "c2", "a3"); !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
}
