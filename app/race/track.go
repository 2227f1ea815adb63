package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// track is where a run's races are held: its folder with the photos and the results.
type track struct {
	options
	self, dir string
	photos    int // of the row that is raced
	office    *office
}

// close ends what rows have started for all of their turns.
func (t *track) close() error {
	if t.office == nil {
		return nil
	}
	return t.office.close()
}

// openedOffice starts the API on Postgres, once.
func (t *track) openedOffice(ctx context.Context) (*office, error) {
	if t.office != nil {
		return t.office, nil
	}
	dir := filepath.Join(t.dir, "office")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	t.office, err = openOffice(ctx, t.opal, dir)
	return t.office, err
}

// count is how many photos, calls or messages a turn of the row has.
func (t *track) count(r row) int {
	switch {
	case t.short && r.few > 0:
		return r.few
	case r.many > 0:
		return r.many
	}
	return t.options.photos
}

func newTrack(o options, dir string) (*track, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for _, p := range []*string{&o.opal, &o.peers, &o.build} {
		if *p, err = filepath.Abs(*p); err != nil {
			return nil, err
		}
		if _, err := os.Stat(*p); err != nil && p != &o.build {
			return nil, fmt.Errorf("%w; `make race` builds what is needed", err)
		}
	}
	return &track{options: o, self: self, dir: dir}, nil
}

// photosOf draws the photos of a kind, once, and returns their folder. A process of its
// own does it: the peak memory of what this one starts would begin at its own.
func (t *track) photosOf(ctx context.Context, k kind) (string, error) {
	dir := t.folderOf(k)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	for _, d := range []string{dir, t.truthOf(k)} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return "", err
		}
	}
	_, err := measure(ctx, command{args: []string{t.self, "draw", string(k), strconv.Itoa(t.photos), dir, t.truthOf(k)}}, false)
	return dir, err
}

func (t *track) folderOf(k kind) string {
	return filepath.Join(t.dir, fmt.Sprintf("%s-%d", k, t.photos))
}

// truthOf is the folder of the coverage of a kind's photos.
func (t *track) truthOf(k kind) string { return t.folderOf(k) + "-truth" }

// fresh returns an empty folder for what a contender makes.
func (t *track) fresh(who string) (string, error) {
	dir := t.out(who)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}

func (t *track) out(who string) string { return filepath.Join(t.dir, "out-"+who) }

// result is how a row ended.
type result struct {
	row
	ours, theirs []usage
	quality      string
	lacking      string // why it was not raced; "": it was
}

// rowPatience is how long a row takes before it begins no further round, so that all rows take
// no more than 25 minutes on two cores.
const rowPatience = 90 * time.Second

// race has both contenders take turns. Who begins changes every round.
func (t *track) race(ctx context.Context, r row) (result, error) {
	got := result{row: r}
	if r.needs != nil {
		if got.lacking = r.needs(t); got.lacking != "" {
			return got, nil
		}
	}
	t.photos = t.count(r)
	rounds := t.rounds
	if r.rounds > 0 {
		rounds = min(rounds, r.rounds)
	}
	began := time.Now()
	for round := range rounds {
		if round > 0 && time.Since(began) > rowPatience {
			break // its turns are long enough to even out
		}
		turns := []bool{true, false}
		if round%2 == 1 {
			turns = []bool{false, true}
		}
		for _, mine := range turns {
			make, who, list := r.theirs, "theirs", &got.theirs
			if mine {
				make, who, list = r.ours, "ours", &got.ours
			}
			if _, err := t.fresh(who); err != nil {
				return got, err
			}
			c, err := make(ctx, t)
			if err != nil {
				return got, err
			}
			u, err := measure(ctx, c, r.metricOf().tree)
			if err != nil {
				return got, err
			}
			if r.metricOf().of(u) <= 0 {
				return got, fmt.Errorf("%s has measured nothing", strings.Join(c.args, " "))
			}
			*list = append(*list, u)
		}
	}
	if r.quality != nil {
		var err error
		if got.quality, err = r.quality(t); err != nil {
			return got, err
		}
	}
	if t.short && r.few > 0 { // what begins once weighs more then
		got.quality = strings.TrimPrefix(fmt.Sprintf("%s; short form, %d in place of %d", got.quality, r.few, r.many), "; ")
	}
	return got, nil
}
