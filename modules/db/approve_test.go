package db_test

import (
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// The last schema version in which the scope write allowed to approve.
const beforeApprove = 174

func TestKeysOfBeforeKeepToApprove(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), db.Options{URL: url(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := db.MigrateTo(t.Context(), d, beforeApprove); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Exec(`INSERT INTO tenants (tenant_id, name, created_at) VALUES ('t', 't', 0)`); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"read": "read", "read,write": "read,write,approve", "write": "write,approve", "read,write,admin": "read,write,admin,approve", "admin": "admin"}
			for scopes := range want {
				if _, err := d.Exec(`INSERT INTO api_keys (key_id, tenant_id, prefix, digest, name, scopes, created_at) VALUES ($1, 't', $1, 'd', 'n', $1, 0)`, scopes); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for before, after := range want {
				var got string
				if err := d.QueryRow(`SELECT scopes FROM api_keys WHERE key_id = $1`, before).Scan(&got); err != nil || got != after {
					t.Errorf("%s became %q, want %q (%v)", before, got, after, err)
				}
			}
		})
	}
}
