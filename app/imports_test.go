package app_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module   = "github.com/opal-photo/opal"
	mapFile  = "../modules/README.md"
	mapLabel = "modules/README.md"
)

// everywhere may be imported by all rooms.
var everywhere = []string{"modules/fault", "modules/telemetry", "modules/crashpoint"}

// room is a row of the map: a folder and the folders that it may import.
type room struct {
	dir     string
	floor   string
	imports []string
	all     bool // imports every room
	line    int
}

// houseMap is what modules/README.md says.
type houseMap struct {
	rooms     map[string]*room
	floors    []string            // from the ground up; Top is not one
	never     map[string][]string // a folder or a floor, and what it never reaches
	libraries map[string][]string // a library, and the only folders that may import it
}

var backticked = regexp.MustCompile("`([^`]+)`")

// folder turns a name of the map into a folder of the repository.
func folder(name string) string {
	switch {
	case name == "main.go":
		return "."
	case strings.HasSuffix(name, "/"):
		return strings.TrimSuffix(name, "/")
	}
	return "modules/" + name
}

func folders(cell string) (dirs []string) {
	for _, m := range backticked.FindAllStringSubmatch(cell, -1) {
		dirs = append(dirs, folder(m[1]))
	}
	return dirs
}

// readMap reads the tables of the map by their header lines.
func readMap(t *testing.T) *houseMap {
	t.Helper()
	b, err := os.ReadFile(mapFile)
	if err != nil {
		t.Fatal(err)
	}
	m := &houseMap{rooms: map[string]*room{}, never: map[string][]string{}, libraries: map[string][]string{}}
	var floor, header string
	for i, line := range strings.Split(string(b), "\n") {
		if title, ok := strings.CutPrefix(line, "### "); ok {
			floor = title
		}
		if !strings.HasPrefix(line, "|") {
			header = ""
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for k := range cells {
			cells[k] = strings.TrimSpace(cells[k])
		}
		switch {
		case header == "":
			header = strings.Join(cells, "|")
		case strings.HasPrefix(cells[0], "---"):
		case header == "room|what it holds|imports":
			names := folders(cells[0])
			if len(cells) != 3 || len(names) != 1 || cells[1] == "" {
				t.Fatalf("%s:%d: a room's row is | `name` | what it holds | `imports`, ... |", mapLabel, i+1)
			}
			if old := m.rooms[names[0]]; old != nil {
				t.Fatalf("%s:%d: %s has a row in line %d, too", mapLabel, i+1, cells[0], old.line)
			}
			m.rooms[names[0]] = &room{dir: names[0], floor: floor, imports: folders(cells[2]), all: strings.Contains(cells[2], "every room"), line: i + 1}
			if floor != "Top" && !slices.Contains(m.floors, floor) {
				m.floors = append(m.floors, floor)
			}
		case header == "room or floor|never reaches":
			from := cells[0]
			if names := folders(from); len(names) == 1 {
				from = names[0]
			}
			if m.never[from] = folders(cells[1]); cells[1] == "every room" {
				m.never[from] = []string{"modules"}
			}
		case header == "library|only in":
			m.libraries[strings.Trim(cells[0], "`")] = folders(cells[1])
		}
	}
	if len(m.rooms) == 0 || len(m.never) == 0 || len(m.libraries) == 0 {
		t.Fatalf("%s has no tables of rooms, of what they never reach and of libraries", mapLabel)
	}
	return m
}

// roomOf returns the nearest room at or above a package's folder.
func (m *houseMap) roomOf(dir string) *room {
	for d := dir; ; d = path.Dir(d) {
		if r := m.rooms[d]; r != nil {
			return r
		}
		if d == "." || d == "/" {
			return nil
		}
	}
}

// name turns a folder back into its name on the map.
func name(dir string) string {
	if dir == "." {
		return "`main.go`"
	}
	if short, ok := strings.CutPrefix(dir, "modules/"); ok {
		return "`" + short + "`"
	}
	return "`" + dir + "/`"
}

func below(dir string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

// use is one import statement.
type use struct{ file, dir, target string }

// uses lists the imports of OPAL's code but its tests and test support.
func uses(t *testing.T) (all []use) {
	t.Helper()
	root := ".."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || base == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if strings.HasSuffix(path.Dir(rel), "test") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		all = append(all, use{rel, path.Dir(rel), ""}) // a file without imports needs a room, too
		for _, imp := range f.Imports {
			all = append(all, use{rel, path.Dir(rel), strings.Trim(imp.Path.Value, `"`)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImportsAreThoseOfTheMap(t *testing.T) {
	m := readMap(t)
	used := map[string]bool{} // "room arrow"
	said := map[string]bool{}
	for _, u := range uses(t) {
		r := m.roomOf(u.dir)
		if r == nil {
			if !said[u.dir] {
				said[u.dir] = true
				t.Errorf("%s: the folder %s has no row in %s; add | %s | what it holds | its imports | to its floor's table", u.file, u.dir, mapLabel, name(u.dir))
			}
			continue
		}
		if only, listed := m.libraries[u.target]; listed && !slices.Contains(only, r.dir) {
			t.Errorf("%s imports %s; %s, \"Libraries with a room of their own\", gives it to %v alone", u.file, u.target, mapLabel, only)
		}
		own, ok := strings.CutPrefix(u.target, module+"/")
		if !ok || m.roomOf(own) == r || below(own, everywhere) && !below(r.dir, []string{"modules/fault"}) || strings.HasSuffix(own, "test") {
			continue
		}
		if r.all && strings.HasPrefix(own, "modules/") {
			continue
		}
		arrow := ""
		for _, a := range r.imports {
			if below(own, []string{a}) && len(a) > len(arrow) {
				arrow = a
			}
		}
		if arrow == "" {
			target := own
			if tr := m.roomOf(own); tr != nil {
				target = tr.dir
			}
			advice := fmt.Sprintf("add %s to line %d of %s", name(target), r.line, mapLabel)
			if u.dir != r.dir {
				advice = fmt.Sprintf("give %s a row of its own in %s (it belongs to line %d until then)", name(u.dir), mapLabel, r.line)
			}
			t.Errorf("%s imports %s, an arrow that the map lacks; %s, or don't import it", u.file, own, advice)
			continue
		}
		used[r.dir+" "+arrow] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(m.rooms)) {
		r := m.rooms[dir]
		for _, a := range r.imports {
			if !used[dir+" "+a] {
				t.Errorf("no code of %s imports %s; take it out of line %d of %s", name(dir), name(a), r.line, mapLabel)
			}
		}
	}
}

func TestTheMapNamesNothingThatIsGone(t *testing.T) {
	for dir, r := range readMap(t).rooms {
		if _, err := os.Stat(filepath.Join("..", dir)); err != nil {
			t.Errorf("%s:%d names %s, which is not there: move or delete the row", mapLabel, r.line, name(dir))
		}
	}
}

func TestTheMapsArrowsPointDown(t *testing.T) {
	m := readMap(t)
	for _, r := range m.rooms {
		if r.floor == "Top" {
			continue
		}
		for _, a := range r.imports {
			to := m.roomOf(a)
			if to == nil {
				t.Errorf("%s:%d: %s is not a room of the map", mapLabel, r.line, name(a))
				continue
			}
			if to.floor == "Top" || slices.Index(m.floors, to.floor) > slices.Index(m.floors, r.floor) {
				t.Errorf("%s:%d: %s (%s) imports %s (%s), a floor above it", mapLabel, r.line, name(r.dir), r.floor, name(a), to.floor)
			}
		}
	}
}

func TestTheMapsNeverHolds(t *testing.T) {
	m := readMap(t)
	for _, r := range m.rooms {
		var barred []string
		for from, to := range m.never {
			if from == r.floor || below(r.dir, []string{from}) {
				barred = append(barred, to...)
			}
		}
		if way := m.way(r, barred, nil); way != nil {
			t.Errorf("%s:%d: %s must never reach %s: it does by %v", mapLabel, r.line, name(r.dir), name(way[len(way)-1]), way)
		}
	}
}

// way returns the arrows from a room to one of the barred folders, or nil.
func (m *houseMap) way(r *room, barred, path []string) []string {
	path = append(slices.Clone(path), r.dir)
	for _, a := range r.imports {
		to := m.roomOf(a)
		switch {
		case to == nil || slices.Contains(path, to.dir) || below(to.dir, []string{path[0]}), below(path[0], []string{to.dir}): // the room that it belongs to
			continue
		case below(to.dir, barred):
			return append(path, to.dir)
		}
		if found := m.way(to, barred, path); found != nil {
			return found
		}
	}
	return nil
}

// TestReadmeNamesEveryRoom keeps the front page complete.
func TestReadmeNamesEveryRoom(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Sorted(maps.Keys(readMap(t).rooms)) {
		if dir == "." || strings.Count(dir, "/") > 1 {
			continue
		}
		if !strings.Contains(string(b), name(dir)) {
			t.Errorf("README.md does not name %s; add it to the table under \"How it is built\"", name(dir))
		}
	}
}

// A folder that no code imports is half done: an engine without a row, an adapter that
// nothing opens.
func TestTheMapHasNoFolderThatNobodyImports(t *testing.T) {
	all := uses(t)
	imported := map[string]bool{}
	for _, u := range all {
		if own, ok := strings.CutPrefix(u.target, module+"/"); ok && own != u.dir {
			imported[own] = true
		}
	}
	said := map[string]bool{}
	for _, u := range all {
		if strings.HasPrefix(u.dir, "modules/") && !imported[u.dir] && !said[u.dir] {
			said[u.dir] = true
			t.Errorf("no code imports %s: open it in app/, for an engine by a row of app/engines.go", u.dir)
		}
	}
}
