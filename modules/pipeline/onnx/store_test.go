package onnx

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKnownManifestsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Known() {
		t.Run(m.Name, func(t *testing.T) {
			if err := m.Check(); err != nil {
				t.Error(err)
			}
			if seen[m.Name] {
				t.Error("two manifests of that name")
			}
			seen[m.Name] = true
			if m.SHA256 == "" && !m.Untried {
				t.Error("not marked untried")
			}
			if strings.Contains(m.Licence, "non-commercial") && m.Notice == "" {
				t.Error("nobody is asked about its licence")
			}
		})
	}
}

func TestStoreKeepsModels(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "models")}
	if all, err := s.List(); err != nil || len(all) != 0 {
		t.Fatalf("before the first: %v, %v", all, err)
	}
	added, err := s.Add(write(t, "a.onnx", redness()), tinyManifest())
	if err != nil {
		t.Fatal(err)
	}
	if err := added.Verify(); err != nil {
		t.Error(err)
	}
	other := tinyManifest()
	other.Name = "u2net"
	if _, err := s.Add(write(t, "b.onnx", []byte("b")), other); err != nil {
		t.Fatal(err)
	}
	all, err := s.List()
	if err != nil || len(all) != 2 || cmp.Diff(added, all[0]) != "" {
		t.Errorf("%v, %v: %s", all, err, cmp.Diff(added, all[0]))
	}
	for name, want := range map[string]string{"": "u2net", "tiny": "tiny"} {
		t.Run(strconv.Quote(name), func(t *testing.T) {
			if m, found, err := s.Choose(name); err != nil || !found || m.Name != want {
				t.Errorf("chosen: %v, %v, %v", m.Name, found, err)
			}
		})
	}
	if _, _, err := s.Choose("isnet"); !errors.Is(err, ErrNoModel) {
		t.Errorf("a model that is not there: %v", err)
	}
	if err := s.Remove("tiny"); err != nil {
		t.Error(err)
	}
	if err := s.Remove("tiny"); !errors.Is(err, ErrNoModel) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestStoreRefuses(t *testing.T) {
	s := Store{t.TempDir()}
	good := write(t, "a.onnx", redness())
	for name, c := range map[string]struct {
		file   string
		change func(*Manifest)
		want   error
	}{
		"another hash":     {good, func(m *Manifest) { m.SHA256 = strings.Repeat("0", 64) }, ErrChanged},
		"no hash":          {good, func(m *Manifest) { m.SHA256 = "latest" }, ErrBadModel},
		"a way out":        {good, func(m *Manifest) { m.Name = "../tiny" }, ErrBadModel},
		"no licence":       {good, func(m *Manifest) { m.Licence = "" }, ErrBadModel},
		"no size":          {good, func(m *Manifest) { m.Width = 0 }, ErrBadModel},
		"huge":             {good, func(m *Manifest) { m.Height = 1 << 20 }, ErrBadModel},
		"division by none": {good, func(m *Manifest) { m.Scale[1] = 0 }, ErrBadModel},
		"not a number":     {good, func(m *Manifest) { m.Mean[2] = float32(math.NaN()) }, ErrBadModel},
		"unknown layout":   {good, func(m *Manifest) { m.Layout = "chw" }, ErrBadModel},
		"unknown meaning":  {good, func(m *Manifest) { m.Activation = "softmax" }, ErrBadModel},
		"all the memory":   {good, func(m *Manifest) { m.MemoryMB = 1 << 30 }, ErrBadModel},
		"no file":          {filepath.Join(s.Dir, "nowhere"), func(*Manifest) {}, os.ErrNotExist},
		"a folder":         {s.Dir, func(*Manifest) {}, ErrBadModel},
		"an empty file":    {write(t, "empty", nil), func(*Manifest) {}, ErrBadModel},
	} {
		t.Run(name, func(t *testing.T) {
			m := tinyManifest()
			c.change(&m)
			if _, err := s.Add(c.file, m); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if left, _ := os.ReadDir(s.Dir); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

// A manifest in the folder is input from outside.
func TestDamagedStoreIsNamed(t *testing.T) {
	s := Store{t.TempDir()}
	if _, err := s.Add(write(t, "a.onnx", redness()), tinyManifest()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"broken": "{", "misspelt": `{"name":"misspelt","licenze":"x"}`, "lies": `{"name":"tiny"}`} {
		if err := os.Mkdir(filepath.Join(s.Dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, name, manifestFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.List()
	if len(all) != 1 || !errors.Is(err, ErrBadModel) {
		t.Errorf("%v, %v", all, err)
	}
}
