package app

import (
	"errors"
	"testing"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/tenant"
)

// TestLinksOfDisabledTenantsAreShut goes through what serve-api is given.
func TestLinksOfDisabledTenantsAreShut(t *testing.T) {
	d, ctx := dbtest.SQLite(t), t.Context()
	tenants, err := tenant.New(d, []byte("a-pepper-of-many-bytes"))
	if err != nil {
		t.Fatal(err)
	}
	links := shares{share.NewService(d), tenants}
	open := func(tenantID string) func() error {
		_, token, err := links.Create(ctx, share.New{TenantID: tenantID, JobID: "j", By: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		return func() error { _, err := links.Open(ctx, token); return err }
	}
	if _, err := tenants.Create(ctx, "acme", "Acme"); err != nil {
		t.Fatal(err)
	}
	acme, rowless := open("acme"), open("nobody-asks")
	for _, step := range []struct {
		name string
		do   func() error
		want error
	}{
		{"as it is", func() error { return nil }, nil},
		{"disabled", func() error { return tenants.Disable(ctx, "acme") }, share.ErrEnded},
		{"enabled again", func() error { return tenants.Enable(ctx, "acme") }, nil},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if err := acme(); !errors.Is(err, step.want) {
				t.Errorf("%v, want %v", err, step.want)
			}
			if err := rowless(); err != nil {
				t.Errorf("a tenant without a row: %v", err)
			}
		})
	}
}
