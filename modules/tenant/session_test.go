package tenant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/tenant"
)

func TestSessions(t *testing.T) { dbtest.Run(t, testSessions) }

func testSessions(t *testing.T, d *db.DB) {
	s, ctx := open(t, d), t.Context()
	for _, id := range []string{"t1", "t2"} {
		must[tenant.Tenant](t)(s.Create(ctx, id, ""))
	}
	person := tenant.NewSession{TenantID: "t1", Subject: "u1", Name: "Ada\x00\n <b>", Scopes: []tenant.Scope{tenant.Read, tenant.Write}, Life: time.Hour, Idle: time.Hour}
	opened := func(t *testing.T, n tenant.NewSession) (tenant.Session, string) {
		t.Helper()
		made, text, err := s.OpenSession(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		return made, text
	}
	ended := func(t *testing.T, text string) {
		t.Helper()
		if _, _, err := s.Session(ctx, text); !errors.Is(err, tenant.ErrSession) {
			t.Errorf("%v, want ErrSession", err)
		}
	}

	t.Run("a person's", func(t *testing.T) {
		made, text := opened(t, person)
		got, key, err := s.Session(ctx, text)
		if err != nil || key != nil {
			t.Fatalf("%v, key %v", err, key)
		}
		if diff := cmp.Diff(made, got); diff != "" {
			t.Error(diff)
		}
		if got.Name != "Ada <b>" {
			t.Errorf("name %q", got.Name)
		}
		var n int
		if err := d.QueryRowContext(ctx, `SELECT count(*) FROM sessions WHERE digest LIKE '%' || $1 || '%'`, text).Scan(&n); err != nil || n != 0 {
			t.Errorf("the text is stored: %d %v", n, err)
		}
		if err := s.EndSession(ctx, text); err != nil {
			t.Fatal(err)
		}
		ended(t, text)
	})
	t.Run("a text that is none", func(t *testing.T) {
		for _, text := range []string{"", "x", strings.Repeat("x", 1<<20), "\x00"} {
			ended(t, text)
		}
	})
	t.Run("a sign-in ends the browser's session and gives another text", func(t *testing.T) {
		_, first := opened(t, person)
		n := person
		n.Replaces = first
		_, second := opened(t, n)
		if first == second {
			t.Error("the same text")
		}
		ended(t, first)
	})
	t.Run("it ends after its life, and when it is not used", func(t *testing.T) {
		for name, set := range map[string]string{"life": `expires_at = now_ms() - 1`, "idle": `seen_at = now_ms() - idle_ms - 1`} {
			t.Run(name, func(t *testing.T) {
				made, text := opened(t, person)
				if _, err := d.ExecContext(ctx, `UPDATE sessions SET `+set+` WHERE session_id = $1`, made.ID); err != nil {
					t.Fatal(err)
				}
				ended(t, text)
			})
		}
	})
	t.Run("use keeps it", func(t *testing.T) {
		made, text := opened(t, person)
		if _, err := d.ExecContext(ctx, `UPDATE sessions SET seen_at = now_ms() - 600000 WHERE session_id = $1`, made.ID); err != nil {
			t.Fatal(err)
		}
		must[tenant.Session](t)(first3(s.Session(ctx, text)))
		if again := must[tenant.Session](t)(first3(s.Session(ctx, text))); time.Since(again.SeenAt) > 5*time.Minute {
			t.Errorf("seen %s", again.SeenAt)
		}
	})
	t.Run("another tenant can't end it", func(t *testing.T) {
		made, text := opened(t, person)
		if err := s.RevokeSession(ctx, "t2", made.ID); !errors.Is(err, tenant.ErrSessionNotFound) {
			t.Error(err)
		}
		if err := s.RevokeSession(ctx, "t1", made.ID); err != nil {
			t.Error(err)
		}
		ended(t, text)
	})
	t.Run("a key's has the key's scopes and ends with it", func(t *testing.T) {
		k, _, err := s.CreateKey(ctx, "t2", tenant.NewKey{Name: "shop", Scopes: []tenant.Scope{tenant.Read}})
		if err != nil {
			t.Fatal(err)
		}
		made, text := opened(t, tenant.NewSession{Key: &k, Life: time.Hour, Idle: time.Hour})
		got, key, err := s.Session(ctx, text)
		if err != nil || key == nil || key.ID != k.ID || got.TenantID != "t2" || got.Name != "shop" || !cmp.Equal(got.Scopes, k.Scopes) {
			t.Fatalf("%+v %+v %v", got, key, err)
		}
		listed := must[[]tenant.Session](t)(s.ListSessions(ctx, "t2"))
		if len(listed) != 1 || listed[0].ID != made.ID {
			t.Errorf("%+v", listed)
		}
		if err := s.RevokeKey(ctx, "t2", k.ID); err != nil {
			t.Fatal(err)
		}
		ended(t, text)
		if listed := must[[]tenant.Session](t)(s.ListSessions(ctx, "t2")); len(listed) != 0 {
			t.Errorf("%+v", listed)
		}
	})
	t.Run("a key's ends no later than the key", func(t *testing.T) {
		soon := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Millisecond)
		k, _, err := s.CreateKey(ctx, "t2", tenant.NewKey{ExpiresAt: &soon})
		if err != nil {
			t.Fatal(err)
		}
		if made, _ := opened(t, tenant.NewSession{Key: &k, Life: time.Hour, Idle: time.Hour}); !made.ExpiresAt.Equal(soon) {
			t.Errorf("%s, want %s", made.ExpiresAt, soon)
		}
	})
	t.Run("one person has so many", func(t *testing.T) {
		n := person
		n.Subject = "many"
		_, oldest := opened(t, n)
		for range 20 {
			opened(t, n)
		}
		ended(t, oldest)
	})
	t.Run("a disabled tenant's", func(t *testing.T) {
		_, text := opened(t, person)
		if err := s.Disable(ctx, "t1"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Session(ctx, text); !errors.Is(err, tenant.ErrDisabled) {
			t.Error(err)
		}
	})
}

// first3 leaves the key of a session out.
func first3(s tenant.Session, _ *tenant.Key, err error) (tenant.Session, error) { return s, err }

func TestSealedTexts(t *testing.T) {
	s := open(t, nil)
	text, err := s.Seal("sign-in", []byte("state"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, ok := s.Unseal("sign-in", text); !ok || string(plain) != "state" {
		t.Errorf("%q %v", plain, ok)
	}
	other := "A"
	if text[5] == 'A' {
		other = "B"
	}
	for name, c := range map[string]struct{ purpose, text string }{
		"another purpose": {"else", text}, "altered": {"sign-in", text[:5] + other + text[6:]}, "cut": {"sign-in", text[:10]}, "empty": {"sign-in", ""}, "no base64": {"sign-in", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			if plain, ok := s.Unseal(c.purpose, c.text); ok {
				t.Errorf("%q is taken", plain)
			}
		})
	}
}

func TestApproveStandsBetweenWriteAndAdmin(t *testing.T) {
	dbtest.Run(t, testApproveStandsBetweenWriteAndAdmin)
}

func testApproveStandsBetweenWriteAndAdmin(t *testing.T, d *db.DB) {
	if !tenant.Allows([]tenant.Scope{"read", "write", "approve"}, tenant.Approve) || tenant.Allows([]tenant.Scope{tenant.Write}, tenant.Approve) || !tenant.Allows([]tenant.Scope{tenant.Admin}, tenant.Approve) {
		t.Error("approve is not between write and admin")
	}
	s, ctx := open(t, d), context.WithoutCancel(t.Context())
	must[tenant.Tenant](t)(s.Create(ctx, "t1", ""))
	k, _, err := s.CreateKey(ctx, "t1", tenant.NewKey{})
	if err != nil || !tenant.Allows(k.Scopes, tenant.Approve) || tenant.Allows(k.Scopes, tenant.Admin) {
		t.Errorf("a key without scopes of its own has %v (%v)", k.Scopes, err)
	}
}
