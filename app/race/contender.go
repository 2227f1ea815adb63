package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/imaging"
)

// variants is OPAL's way to a photo's variants.
func variants(k kind, f imaging.Format) contender {
	return own("variants-"+string(f)+"-"+string(k), k)
}

// own is work that this program does with the rooms' own functions, in a process of its own.
func own(name string, k kind) contender {
	return func(ctx context.Context, t *track) (command, error) {
		photos, err := t.photosOf(ctx, k)
		return command{args: []string{t.self, "--profile", t.profile, name, photos, t.out("ours")}}, err
	}
}

func sharpVariants(k kind, f imaging.Format, how string) contender {
	return node("variants-"+string(f)+"-"+how, k)
}

// node is work of the script that uses sharp, on one thread as ours.
func node(name string, k kind) contender {
	return func(ctx context.Context, t *track) (command, error) {
		photos, err := t.photosOf(ctx, k)
		return command{args: []string{"node", filepath.Join(t.peers, "sharp.js"), name, photos, t.out("theirs"), sidesOf(k)}}, err
	}
}

// sidesOf lists a kind's sides as the script reads them.
func sidesOf(k kind) string {
	var all []string
	for _, side := range sides[k] {
		all = append(all, strconv.Itoa(side))
	}
	return strings.Join(all, ",")
}

func studioCutouts(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, large)
	return command{
		args: []string{t.opal, "cutout", photos, "--out", t.out("ours"), "--quiet"},
		env:  []string{"CUTOUT_ENGINE=studio", "REVIEW_BELOW=0"},
		dir:  t.dir,
	}, err
}

func grabCutouts(ctx context.Context, t *track) (command, error) {
	photos, err := t.photosOf(ctx, large)
	return command{args: []string{t.python, filepath.Join(t.peers, "grabcut.py"), photos, t.out("theirs")}, env: []string{"OMP_NUM_THREADS=1"}}, err
}

// filesOf lists what lies in a folder.
func filesOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, err
}
