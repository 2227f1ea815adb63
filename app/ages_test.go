package app

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestOldWorkIsSeen(t *testing.T) {
	of := func(d time.Duration, err error) func(context.Context) (time.Duration, error) {
		return func(context.Context) (time.Duration, error) { return d, err }
	}
	for _, c := range []struct {
		name string
		ages []age
		ok   bool
	}{
		{"nothing is open", []age{{what: "item", oldest: of(0, nil)}}, true},
		{"young", []age{{what: "item", oldest: of(oldAge-time.Minute, nil)}}, true},
		{"one of two is old", []age{{what: "item", oldest: of(0, nil)}, {what: "hold", oldest: of(oldAge+time.Minute, nil)}}, false},
		{"it is not known", []age{{what: "item", oldest: of(0, errors.New("away"))}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := ageCheck(c.ages).Probe(t.Context()); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
