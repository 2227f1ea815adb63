package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		in   string
		want db.URL
	}{
		{"postgresql+psycopg://u:p%40ss@h:5432/opal?sslmode=require", db.URL{Postgres: true, DSN: "postgres://u:p%40ss@h:5432/opal?sslmode=require"}},
		{"postgres://h/opal", db.URL{Postgres: true, DSN: "postgres://h/opal"}},
		{"sqlite:///rel/opal.db", db.URL{Path: "rel/opal.db"}},
		{"sqlite:////abs/opal.db", db.URL{Path: "/abs/opal.db"}},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := db.ParseURL(c.in)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	for _, bad := range []string{"", "opal.db", "mysql://h/d", "sqlite://opal.db", "sqlite:///", "postgres://", "postgres://u:s3cret%zz@h/d"} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			_, err := db.ParseURL(bad)
			if !errors.Is(err, db.ErrURL) {
				t.Error(err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Error("the error tells the password")
			}
		})
	}
}

func TestMigrateTwiceAndAtOnce(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			u := url(t)
			replicas := 2
			if name == "sqlite" {
				replicas = 1 // one process owns the file
			}
			var wg sync.WaitGroup
			for range replicas {
				wg.Go(func() {
					d, err := db.Open(ctx, db.Options{URL: u})
					if err != nil {
						t.Error(err)
						return
					}
					defer d.Close()
					for range 2 {
						if err := d.Migrate(ctx); err != nil {
							t.Error(err)
						}
					}
					if n, err := d.Pending(ctx); n != 0 || err != nil {
						t.Errorf("%d pending, %v", n, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestPendingOnlyReads checks that Pending works for a role that may not change
// the schema.
func TestPendingOnlyReads(t *testing.T) {
	ctx := context.Background()
	d, err := db.Open(ctx, db.Options{URL: db.SQLiteURL(filepath.Join(t.TempDir(), "new.db"))})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n, err := d.Pending(ctx); n == 0 || err != nil {
		t.Fatalf("a new database has %d pending, %v", n, err)
	}
	var tables int
	if err := d.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables); err != nil || tables != 0 {
		t.Fatalf("asking made %d tables, %v", tables, err)
	}
}

func TestNowIsTheDatabasesClock(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		now, err := db.Now(context.Background(), d)
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Since(now).Abs(); off > time.Minute {
			t.Fatalf("now_ms is %v off", off)
		}
	})
}

func TestInTxRollsBackAndRunsHooksOnlyAfterCommit(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		insert := func(tx *db.Tx, id string) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO tenants (tenant_id, name, created_at) VALUES ($1, $1, now_ms())`, id)
			return err
		}
		boom, ran := errors.New("boom"), 0
		err := d.InTx(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { ran++ })
			if err := insert(tx, "a"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || ran != 0 {
			t.Fatalf("err %v, hook ran %d times", err, ran)
		}
		if err := d.InTx(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { ran++ })
			return insert(tx, "b")
		}); err != nil || ran != 1 {
			t.Fatalf("err %v, hook ran %d times", err, ran)
		}
		if err := d.InTx(ctx, func(tx *db.Tx) error { return insert(tx, "b") }); !db.IsUnique(err) {
			t.Fatalf("want a unique violation, got %v", err)
		}
		var n int
		if err := d.QueryRow(`SELECT count(*) FROM tenants WHERE tenant_id IN ('a', 'b')`).Scan(&n); err != nil || n != 1 {
			t.Fatalf("%d tenants, %v", n, err)
		}
	})
}

func TestInTxSerialisesWriters(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if _, err := d.Exec(`INSERT INTO tenants (tenant_id, name, retention_days, created_at) VALUES ('c', 'c', 0, 0)`); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					if err := d.InTx(ctx, func(tx *db.Tx) error {
						var n int
						if err := tx.QueryRowContext(ctx, `SELECT retention_days FROM tenants WHERE tenant_id = 'c'`+tx.ForUpdate()).Scan(&n); err != nil {
							return err
						}
						_, err := tx.ExecContext(ctx, `UPDATE tenants SET retention_days = $1 WHERE tenant_id = 'c'`, n+1)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := d.QueryRow(`SELECT retention_days FROM tenants WHERE tenant_id = 'c'`).Scan(&n); err != nil || n != 80 {
			t.Fatalf("%d increments, %v", n, err)
		}
	})
}

// Each new connection asks for the password, since a token expires.
func TestThePasswordIsAskedForAnew(t *testing.T) {
	ctx := context.Background()
	asked := 0
	d, err := db.Open(ctx, db.Options{URL: dbtest.PostgresURL(t), MaxOpen: 1, MaxLifetime: time.Millisecond,
		Password: func(context.Context) (string, error) { asked++; return "token", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	time.Sleep(5 * time.Millisecond)
	if err := d.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if asked < 2 {
		t.Fatalf("asked %d times for two connections", asked)
	}
	refused := errors.New("no identity")
	_, err = db.Open(ctx, db.Options{URL: dbtest.PostgresURL(t), Password: func(context.Context) (string, error) { return "", refused }})
	if !errors.Is(err, refused) || !errors.Is(err, db.ErrUnavailable) {
		t.Fatalf("without a token: %v", err)
	}
}

func TestADatabaseWithoutSchemaIsNotReady(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), db.Options{URL: url(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Ready(t.Context()); !errors.Is(err, db.ErrSchema) {
				t.Errorf("empty: %v", err)
			}
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := d.Ready(t.Context()); err != nil {
					t.Errorf("migrated: %v", err)
				}
			}
		})
	}
}
