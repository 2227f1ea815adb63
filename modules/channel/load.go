package channel

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/opal-photo/opal/modules/fault"
)

//go:embed channels/*.yaml schema.json
var embedded embed.FS

// ErrChannel says that a channel's file is invalid.
var ErrChannel = fault.New(fault.Invalid, "channel_invalid", "A channel's file can't be used")

// file is a channel as its file has it.
type file struct {
	Channel string            `yaml:"channel"`
	Order   int               `yaml:"order"`
	Advice  bool              `yaml:"own_advice"`
	Sources map[string]Source `yaml:"sources"`
	Rules   []Rule            `yaml:"rules"`
	Slots   []Slot            `yaml:"slots"`
	Presets []Preset          `yaml:"presets"`
}

// all is what is loaded; it is replaced as a whole.
type all struct {
	files   map[string]file // by channel
	presets []Preset
}

var current atomic.Pointer[all]

// table returns what is loaded: OPAL's own channels, until Load has added others.
func table() *all {
	if t := current.Load(); t != nil {
		return t
	}
	t, err := read(map[string]file{}, embedded, "channels")
	if err != nil {
		panic(fmt.Sprintf("modules/channel/channels: %v", err)) // TestMain reads the same files
	}
	current.CompareAndSwap(nil, t)
	return current.Load()
}

// Load adds the channels of a folder's YAML files to OPAL's own, and replaces those of
// the same name. It is called once, before anything reads the presets. Errors:
// ErrChannel, with the file and what is wrong with it.
func Load(dir string) error {
	base := table()
	t, err := read(base.files, os.DirFS(dir), ".")
	if err != nil {
		return err
	}
	current.Store(t)
	return nil
}

func read(base map[string]file, from fs.FS, dir string) (*all, error) {
	schema, err := compile()
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(from, dir)
	if err != nil {
		return nil, ErrChannel.With("%v", err)
	}
	t := &all{files: map[string]file{}}
	found := false
	for name, f := range base {
		t.files[name] = f
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		found = true
		b, err := readFile(from, path.Join(dir, e.Name()))
		if err != nil {
			return nil, ErrChannel.With("%s: %v", e.Name(), err)
		}
		f, err := parse(schema, b)
		if err != nil {
			return nil, ErrChannel.With("%s: %v", e.Name(), located(b, err))
		}
		t.files[f.Channel] = f
	}
	if !found {
		return nil, ErrChannel.With("no file in it ends with .yaml")
	}
	return t, t.gather()
}

// maxFile bounds a channel's file, in bytes; OPAL's own have less than 5,000.
const maxFile = 1 << 20

// readFile reads a channel's file, of which a link may lead to anything.
func readFile(from fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(from, name)
	switch {
	case err != nil:
		return nil, errors.New("it can't be read: " + plain(err))
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("it has %d bytes; %d is the limit", info.Size(), maxFile)
	}
	b, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, errors.New("it can't be read: " + plain(err))
	}
	return b, nil
}

// plain is an error of the file system without the path.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func compile() (*jsonschema.Schema, error) {
	b, err := embedded.ReadFile("schema.json")
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("channel.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("channel.json")
}

// parse reads one channel and holds it against the schema.
func parse(schema *jsonschema.Schema, b []byte) (file, error) {
	var f file
	var doc any
	docs := yaml.NewDecoder(bytes.NewReader(b))
	if err := docs.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return f, err
	}
	if err := docs.Decode(new(any)); !errors.Is(err, io.EOF) {
		return f, errors.New("it holds several documents; a file has one channel")
	}
	plain, err := json.Marshal(datesAsText(doc))
	if err != nil {
		return f, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	if err != nil {
		return f, err
	}
	if err := schema.Validate(value); err != nil {
		return f, err
	}
	if err := controls(doc, nil); err != nil {
		return f, err
	}
	if err := yaml.Unmarshal(b, &f); err != nil {
		return f, err
	}
	if err := f.sound(); err != nil {
		return f, err
	}
	return f, f.resolve()
}

// datesAsText turns the dates that YAML parsed back into text.
func datesAsText(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(day)
	case map[string]any:
		for k := range v {
			v[k] = datesAsText(v[k])
		}
	case []any:
		for i := range v {
			v[i] = datesAsText(v[i])
		}
	}
	return v
}

// resolve gives each preset its channel, the channel's rules and each rule its source.
func (f *file) resolve() error {
	for i := range f.Presets {
		p := &f.Presets[i]
		p.Channel, p.Slots, p.ownAdvice = f.Channel, f.Slots, f.Advice
		own := len(f.Rules) // rules before the preset's own are the channel's
		if len(f.Slots) > 0 && p.Slot != "" && !p.HasSlot(p.Slot) {
			return &at{[]string{"presets", strconv.Itoa(i), "slot"}, fmt.Errorf("%s: slot %q is not one of the channel's slots; add it to them", p.Name, p.Slot)}
		}
		if p.SafeZone != nil && !isBox(p.SafeZone) {
			return &at{[]string{"presets", strconv.Itoa(i), "safe_zone"}, fmt.Errorf("%s: the safe zone is left, top, right and bottom, with right beyond left and bottom beyond top", p.Name)}
		}
		if err := f.tellsApart(i); err != nil {
			return err
		}
		p.Rules = slices.Concat(f.Rules, p.Rules)
		if p.Rules == nil {
			p.Rules = []Rule{}
		}
		for j := range p.Rules {
			r := &p.Rules[j]
			src, ok := f.Sources[r.SourceKey]
			path := []string{"rules", strconv.Itoa(j)}
			if j >= own {
				path = []string{"presets", strconv.Itoa(i), "rules", strconv.Itoa(j - own)}
			}
			switch {
			case !ok:
				return &at{append(path, "source"), fmt.Errorf("%s: rule %s names the source %q, which is not there; add it to sources", p.Name, r.Name, r.SourceKey)}
			case !slices.Contains(ruleNames, r.Name):
				return &at{append(path, "rule"), fmt.Errorf("%s: there is no rule %q; there are %s", p.Name, r.Name, strings.Join(ruleNames, ", "))}
			case r.Severity == Reject && !src.Official:
				return &at{append(path, "severity"), fmt.Errorf("%s: rule %s rejects by a source that is not the channel's own; make it a warning, or name an official source", p.Name, r.Name)}
			}
			if field, what := r.fault(*p); what != "" {
				return &at{append(path, field), fmt.Errorf("%s: rule %s: %s", p.Name, r.Name, what)}
			}
			r.Source = src
			if r.Name == SafeZone && r.Box == nil {
				r.Box = p.SafeZone
			}
			if r.Name == SafeZone && !isBox(r.Box) {
				return &at{append(path, "rule"), fmt.Errorf("%s: the rule safe_zone needs a box, or the preset a safe_zone: left, top, right and bottom, rising", p.Name)}
			}
		}
	}
	return nil
}

// isBox reports whether four shares enclose a part of the frame.
func isBox(b []float64) bool { return len(b) == 4 && b[0] < b[2] && b[1] < b[3] }

// tellsApart refuses a preset whose files would have the names of another's: several presets
// of a channel each need a suffix of their own.
func (f *file) tellsApart(i int) error {
	p := f.Presets[i]
	if len(f.Presets) == 1 {
		return nil
	}
	path := []string{"presets", strconv.Itoa(i), "suffix"}
	if p.Suffix == "" {
		return &at{path, fmt.Errorf("%s: the channel has %d presets, so each needs a suffix that tells its files from the others'", p.Name, len(f.Presets))}
	}
	if other := slices.IndexFunc(f.Presets[:i], func(o Preset) bool { return o.Suffix == p.Suffix }); other >= 0 {
		return &at{path, fmt.Errorf("%s: %s has the suffix %q, too; give each its own", p.Name, f.Presets[other].Name, p.Suffix)}
	}
	return nil
}

// gather orders the presets, and refuses a name or a folder that two have.
func (t *all) gather() error {
	var files []file
	for _, f := range t.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), strings.Compare(a.Channel, b.Channel))
	})
	of, folders := map[string]string{}, map[string]string{}
	for _, f := range files {
		if other, taken := folders[Folder(f.Channel)]; taken {
			return ErrChannel.With("the channels %s and %s have one folder, %s; rename one, or give it the other's name to replace that", other, f.Channel, Folder(f.Channel))
		}
		folders[Folder(f.Channel)] = f.Channel
		for _, p := range f.Presets {
			if other, taken := of[p.Name]; taken {
				return ErrChannel.With("preset %s is in %s and in %s", p.Name, other, f.Channel)
			}
			of[p.Name] = f.Channel
			t.presets = append(t.presets, p)
		}
	}
	return nil
}
