package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Tables as SQL texts name them.
var (
	createdTable = regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)`)
	namedTable   = regexp.MustCompile(`\b(DELETE FROM|FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
)

// touch is one place at which an SQL text names a table.
type touch struct {
	file, dir, table string
	writes           bool
}

// tableRow is a row of the map's table of tables.
type tableRow struct {
	owner   string
	readers []string
	line    int
}

// readTables reads the table of tables of the map.
func readTables(t *testing.T) map[string]tableRow {
	t.Helper()
	b, err := os.ReadFile(mapFile)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]tableRow{}
	inside := false
	for i, line := range strings.Split(string(b), "\n") {
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for k := range cells {
			cells[k] = strings.TrimSpace(cells[k])
		}
		if strings.Join(cells, "|") == "tables|owner|also read by" {
			inside = true
			continue
		}
		if !inside || strings.HasPrefix(cells[0], "---") {
			continue
		}
		owner := folders(cells[1])
		if len(cells) != 3 || len(owner) != 1 {
			t.Fatalf("%s:%d: a row of tables is | `name`, ... | `owner` | `reader`, ... |", mapLabel, i+1)
		}
		for _, m := range backticked.FindAllStringSubmatch(cells[0], -1) {
			if old, twice := rows[m[1]]; twice {
				t.Fatalf("%s:%d: table %s has an owner in line %d, too", mapLabel, i+1, m[1], old.line)
			}
			rows[m[1]] = tableRow{owner[0], folders(cells[2]), i + 1}
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table of tables", mapLabel)
	}
	return rows
}

// migratedTables lists the tables that the migrations make.
func migratedTables(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir("../modules/db/migrations", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		up, _, _ := strings.Cut(string(b), "-- +goose Down")
		for _, m := range createdTable.FindAllStringSubmatch(up, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// touches finds the tables that the SQL texts of the code name: its string
// literals and the SQL files beside it. Migrations and takeovers, which know every
// table, are not code of a room.
func touches(t *testing.T, tables []string) (all []touch) {
	t.Helper()
	add := func(file, text string) {
		for _, m := range namedTable.FindAllStringSubmatch(text, -1) {
			if slices.Contains(tables, m[2]) {
				all = append(all, touch{file, path.Dir(file), m[2], m[1] != "FROM" && m[1] != "JOIN"})
			}
		}
	}
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		base := d.Name()
		if d.IsDir() {
			if p != ".." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || strings.HasSuffix(base, "test") || rel == "modules/db") {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case strings.HasSuffix(base, ".sql"):
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			add(rel, string(b))
		case strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go"):
			f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					if text, err := strconv.Unquote(l.Value); err == nil {
						add(rel, text)
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEachTableHasOneOwner(t *testing.T) {
	rows, made := readTables(t), migratedTables(t)
	for _, name := range made {
		if _, ok := rows[name]; !ok {
			t.Errorf("table %s has no owner in %s; add it to a row of the tables", name, mapLabel)
		}
	}
	m := readMap(t)
	read := map[string]bool{} // "table reader"
	for _, u := range touches(t, made) {
		row, ok := rows[u.table]
		r := m.roomOf(u.dir)
		if !ok || r == nil || r.dir == row.owner {
			continue
		}
		switch {
		case u.writes:
			t.Errorf("%s writes table %s, which is %s's alone; call that room (%s:%d)", u.file, u.table, name(row.owner), mapLabel, row.line)
		case !slices.Contains(row.readers, r.dir):
			t.Errorf("%s reads table %s of %s; call that room, or add %s to the readers in %s:%d and say why below", u.file, u.table, name(row.owner), name(r.dir), mapLabel, row.line)
		}
		read[u.table+" "+r.dir] = true
	}
	for table, row := range rows {
		if !slices.Contains(made, table) {
			t.Errorf("%s:%d: no migration makes table %s", mapLabel, row.line, table)
		}
		for _, r := range row.readers {
			if !read[table+" "+r] {
				t.Errorf("%s:%d: %s does not read table %s", mapLabel, row.line, name(r), table)
			}
		}
	}
}
