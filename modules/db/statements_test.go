package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

// counted is what a pool's only connection keeps.
func counted(t testing.TB, d *sql.DB) (n int) {
	t.Helper()
	c, err := d.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Raw(func(c any) error { n = c.(*keepingConn).order.Len(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func openKeeping(t testing.TB) *sql.DB {
	t.Helper()
	d, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "opal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	d.SetMaxOpenConns(1)
	exec(t, d, `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE)`)
	return d
}

func exec(t testing.TB, d *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func names(t testing.TB, q interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string, args ...any) (out []string) {
	t.Helper()
	rows, err := q.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStatementsAreKept(t *testing.T) {
	d := openKeeping(t)
	before := counted(t, d)
	for i := range 5 {
		exec(t, d, `INSERT INTO t (name) VALUES ($1)`, fmt.Sprint("n", i))
	}
	for range 3 {
		if got := names(t, d, `SELECT name FROM t WHERE id > $1 ORDER BY id`, 3); fmt.Sprint(got) != "[n3 n4]" {
			t.Error(got)
		}
	}
	if n := counted(t, d) - before; n != 2 {
		t.Errorf("two texts are kept as %d statements", n)
	}
	// What was bound before is not bound any more.
	if got := names(t, d, `SELECT name FROM t WHERE id = $1`, 2); fmt.Sprint(got) != "[n1]" {
		t.Error(got)
	}
	if got := names(t, d, `SELECT name FROM t WHERE id = $1`, nil); len(got) != 0 {
		t.Error(got)
	}
}

// The same text runs within the rows of itself.
func TestOneTextWithinItsOwnRows(t *testing.T) {
	d := openKeeping(t)
	for _, n := range []string{"a", "b", "c"} {
		exec(t, d, `INSERT INTO t (name) VALUES ($1)`, n)
	}
	tx, err := d.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	const query = `SELECT name FROM t ORDER BY id`
	rows, err := tx.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	outer := 0
	for rows.Next() {
		outer++
		if got := names(t, tx, query); fmt.Sprint(got) != "[a b c]" {
			t.Error(got)
		}
	}
	if outer != 3 || rows.Err() != nil {
		t.Error(outer, rows.Err())
	}
}

// Rows that are left early hold no lock, and a statement that failed is good again.
func TestAfterAFailureAndALeave(t *testing.T) {
	d := openKeeping(t)
	for _, n := range []string{"a", "b"} {
		exec(t, d, `INSERT INTO t (name) VALUES ($1)`, n)
	}
	for range 3 {
		if _, err := d.ExecContext(t.Context(), `INSERT INTO t (name) VALUES ($1)`, "a"); !IsUnique(err) {
			t.Errorf("%v", err)
		}
		var n string
		if err := d.QueryRowContext(t.Context(), `SELECT name FROM t ORDER BY id`).Scan(&n); err != nil || n != "a" {
			t.Error(n, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.ExecContext(gone, `DELETE FROM t`); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	exec(t, d, `INSERT INTO t (name) VALUES ($1)`, "c")
	exec(t, d, `DROP TABLE t`) // which an open read would bar
}

// A statement is planned again where the tables are others than before.
func TestAStatementOutlivesItsSchema(t *testing.T) {
	d := openKeeping(t)
	exec(t, d, `INSERT INTO t (name) VALUES ($1)`, "a")
	const query = `SELECT * FROM t`
	columns := func() int {
		rows, err := d.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if !rows.Next() {
			t.Fatal(rows.Err())
		}
		all, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := columns(); n != 2 {
		t.Error(n)
	}
	exec(t, d, `ALTER TABLE t ADD COLUMN more TEXT`)
	if n := columns(); n != 3 {
		t.Errorf("%d columns after a third was added", n)
	}
}

func TestOnlySoManyStatementsAreKept(t *testing.T) {
	d := openKeeping(t)
	for i := range mostStatements + 40 {
		exec(t, d, fmt.Sprintf(`INSERT INTO t (name) VALUES ($1) /* %d */`, i), fmt.Sprint(i))
	}
	if n := counted(t, d); n != mostStatements {
		t.Errorf("%d are kept", n)
	}
}

func TestManyConnectionsKeepTheirOwn(t *testing.T) {
	d := openKeeping(t)
	d.SetMaxOpenConns(4)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 25 {
				if _, err := d.ExecContext(t.Context(), `INSERT INTO t (name) VALUES ($1)`, fmt.Sprint(i, "-", j)); err != nil {
					t.Error(err)
				}
				if got := names(t, d, `SELECT name FROM t WHERE name = $1`, fmt.Sprint(i, "-", j)); len(got) != 1 {
					t.Error(got)
				}
			}
		})
	}
	wg.Wait()
	if got := names(t, d, `SELECT count(*) FROM t`); fmt.Sprint(got) != "[200]" {
		t.Error(got)
	}
}
