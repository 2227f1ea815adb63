package sandbox

import "testing"

// Where no template can be had, somebody is told why, once, and it is tried again after a
// number of children: a system that lacked memory for a moment isn't slow for good.
func TestATemplateThatFailsIsTriedAgain(t *testing.T) {
	var told []error
	p := New(Options{Command: []string{"/bin/false"}, Forks: 10, OnNoTemplate: func(err error) { told = append(told, err) }})
	f := forker{pool: p}
	for i := range childrenUntilRetry {
		if f.next() != nil {
			t.Fatal("a child of a template that ends at once")
		}
		if len(told) != 1 {
			t.Fatalf("after %d children: told %v", i+1, told)
		}
	}
	if f.next(); len(told) != 2 {
		t.Errorf("not tried again: told %v", told)
	}
}

// A process that may have no children tries no template, and tells nobody.
func TestAChildHasNoTemplates(t *testing.T) {
	t.Setenv(Marker, "decode")
	p := New(Options{Command: []string{"/bin/false"}, Forks: 10, OnNoTemplate: func(err error) { t.Errorf("told %v", err) }})
	f := forker{pool: p}
	for range childrenUntilRetry + 1 {
		if f.next() != nil {
			t.Fatal("a child of a child")
		}
	}
}
