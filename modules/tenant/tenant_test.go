package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

var pepper = []byte("0123456789abcdef0123456789abcdef")

func open(t *testing.T, d *db.DB) *tenant.Service {
	t.Helper()
	s, err := tenant.New(d, pepper)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestShortPepperIsRefused(t *testing.T) {
	if _, err := tenant.New(nil, []byte("short")); err == nil {
		t.Fatal("a short pepper was taken")
	}
}

func TestCheckID(t *testing.T) {
	for _, ok := range []string{"default", "T1", "a.b_c-d", strings.Repeat("a", 64)} {
		t.Run(strconv.Quote(ok), func(t *testing.T) {
			if err := tenant.CheckID(ok); err != nil {
				t.Error(err)
			}
		})
	}
	for _, bad := range []string{"", ".", "..", ".a", "-a", "a/b", `a\b`, "a b", "a\x00", "ä", "a..b", strings.Repeat("a", 65), "a\n"} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			if err := tenant.CheckID(bad); !errors.Is(err, tenant.ErrID) {
				t.Error(err)
			}
		})
	}
}

func TestTenants(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, s := context.Background(), open(t, d)
		made := must[tenant.Tenant](t)(s.Create(ctx, "t1", ""))
		if made.Name != "t1" || made.CreatedAt.IsZero() {
			t.Errorf("created %+v", made)
		}
		if _, err := s.Create(ctx, "t1", "again"); !errors.Is(err, tenant.ErrExists) {
			t.Errorf("twice: %v", err)
		}
		if _, err := s.Create(ctx, "../x", "n"); !errors.Is(err, tenant.ErrID) {
			t.Errorf("bad id: %v", err)
		}
		if _, err := s.Create(ctx, "t2", "a\x00"); !errors.Is(err, tenant.ErrName) {
			t.Errorf("bad name: %v", err)
		}
		if err := s.Disable(ctx, "nobody"); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("disable nobody: %v", err)
		}
		if err := s.Disable(ctx, "t1"); err != nil {
			t.Fatal(err)
		}
		if list := must[[]tenant.Tenant](t)(s.List(ctx)); len(list) != 1 || list[0].DisabledAt == nil {
			t.Errorf("list %+v", list)
		}
		if err := s.Enable(ctx, "t1"); err != nil {
			t.Fatal(err)
		}
		if got := must[tenant.Tenant](t)(s.Get(ctx, "t1")); got.DisabledAt != nil {
			t.Errorf("still disabled: %+v", got)
		}
		for _, c := range []struct {
			name string
			days *int
		}{{"30 days", new(30)}, {"no day", new(0)}, {"the default again", nil}} {
			t.Run(c.name, func(t *testing.T) {
				if err := s.SetRetention(ctx, "t1", c.days); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.days, must[tenant.Tenant](t)(s.Get(ctx, "t1")).RetentionDays); diff != "" {
					t.Errorf("retention (-want +got):\n%s", diff)
				}
			})
		}
		if err := s.SetRetention(ctx, "t1", new(-1)); !errors.Is(err, tenant.ErrRetention) {
			t.Errorf("a negative retention: %v", err)
		}
		if err := s.SetRetention(ctx, "nobody", nil); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("nobody's retention: %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, s := context.Background(), open(t, d)
		for _, id := range []string{"t1", "t2"} {
			must[tenant.Tenant](t)(s.Create(ctx, id, ""))
		}
		k, text, err := s.CreateKey(ctx, "t1", tenant.NewKey{Name: "ci"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(text, k.Prefix+"_") || len(text)-len(k.Prefix) < 43 {
			t.Errorf("key %q with prefix %q", text, k.Prefix)
		}
		var stored string
		if err := d.QueryRow(`SELECT digest || name || prefix FROM api_keys`).Scan(&stored); err != nil || strings.Contains(stored, text[len(k.Prefix):]) {
			t.Errorf("the row holds the secret: %q, %v", stored, err)
		}
		got := must[tenant.Key](t)(s.Authenticate(ctx, text))
		if got.ID != k.ID || got.TenantID != "t1" || !tenant.Allows(got.Scopes, tenant.Write) || tenant.Allows(got.Scopes, tenant.Admin) {
			t.Errorf("authenticated %+v", got)
		}
		if list := must[[]tenant.Key](t)(s.ListKeys(ctx, "t1")); len(list) != 1 || list[0].LastUsedAt == nil {
			t.Errorf("list %+v", list)
		}
		if list := must[[]tenant.Key](t)(s.ListKeys(ctx, "t2")); len(list) != 0 {
			t.Errorf("other tenant's list %+v", list)
		}
		last := text[len(text)-1]
		for _, bad := range []string{"", "x", "opal", "opal__", text[:len(text)-1], text + "x", text[:len(text)-2] + string(last^1) + "A",
			strings.ToUpper(text), k.Prefix + "_", k.Prefix + "_\x00", "opal_\x00\xff_x", strings.Repeat("a", 1<<20)} {
			t.Run(fmt.Sprintf("%.40q", bad), func(t *testing.T) {
				if _, err := s.Authenticate(ctx, bad); !errors.Is(err, tenant.ErrKey) {
					t.Error(err)
				}
			})
		}
		other, err := tenant.New(d, []byte("another pepper, as long as that"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Authenticate(ctx, text); !errors.Is(err, tenant.ErrKey) {
			t.Errorf("under another pepper: %v", err)
		}

		if err := s.Disable(ctx, "t1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, text); !errors.Is(err, tenant.ErrDisabled) {
			t.Errorf("disabled tenant: %v", err)
		}
		if _, _, err := s.CreateKey(ctx, "t1", tenant.NewKey{}); !errors.Is(err, tenant.ErrDisabled) {
			t.Errorf("key of a disabled tenant: %v", err)
		}
		if err := s.Enable(ctx, "t1"); err != nil {
			t.Fatal(err)
		}
		if err := s.RevokeKey(ctx, "t2", k.ID); !errors.Is(err, tenant.ErrKeyNotFound) {
			t.Errorf("another tenant revokes: %v", err)
		}
		for range 2 {
			if err := s.RevokeKey(ctx, "t1", k.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Authenticate(ctx, text); !errors.Is(err, tenant.ErrKey) {
			t.Errorf("revoked: %v", err)
		}
	})
}

// A call whose answer was lost is done again with the id of the key that it made: the
// text that nobody was told ends.
func TestAKeyIsMadeAgainUnderItsID(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, s := context.Background(), open(t, d)
		must[tenant.Tenant](t)(s.Create(ctx, "t1", ""))
		const id = "01900000-0000-7000-8000-000000000001"
		var texts []string
		for range 2 {
			k, text, err := s.CreateKey(ctx, "t1", tenant.NewKey{ID: id, Name: "ci"})
			if err != nil || k.ID != id {
				t.Fatalf("%+v, %v", k, err)
			}
			texts = append(texts, text)
		}
		if keys := must[[]tenant.Key](t)(s.ListKeys(ctx, "t1")); len(keys) != 1 {
			t.Errorf("%d keys", len(keys))
		}
		if _, err := s.Authenticate(ctx, texts[0]); err == nil {
			t.Error("the text that nobody was told works")
		}
		if _, err := s.Authenticate(ctx, texts[1]); err != nil {
			t.Error(err)
		}
	})
}

func TestKeyExpiryAndScopes(t *testing.T) {
	d := dbtest.SQLite(t)
	ctx, s := context.Background(), open(t, d)
	must[tenant.Tenant](t)(s.Create(ctx, "t1", ""))
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	if _, _, err := s.CreateKey(ctx, "t1", tenant.NewKey{ExpiresAt: &past}); !errors.Is(err, tenant.ErrExpiry) {
		t.Errorf("expired key: %v", err)
	}
	_, text, err := s.CreateKey(ctx, "t1", tenant.NewKey{ExpiresAt: &future, Scopes: []tenant.Scope{tenant.Read}})
	if err != nil {
		t.Fatal(err)
	}
	if k := must[tenant.Key](t)(s.Authenticate(ctx, text)); tenant.Allows(k.Scopes, tenant.Write) || !tenant.Allows(k.Scopes, tenant.Read) {
		t.Errorf("scopes %v", k.Scopes)
	}
	if _, err := d.Exec(`UPDATE api_keys SET expires_at = now_ms()`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, text); !errors.Is(err, tenant.ErrKey) {
		t.Errorf("after its expiry: %v", err)
	}
	if _, _, err := s.CreateKey(ctx, "t1", tenant.NewKey{Scopes: []tenant.Scope{"root"}}); !errors.Is(err, tenant.ErrScope) {
		t.Errorf("unknown scope: %v", err)
	}
	if _, _, err := s.CreateKey(ctx, "nobody", tenant.NewKey{}); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("unknown tenant: %v", err)
	}
	if tenant.Allows([]tenant.Scope{"root"}, tenant.Read) || tenant.Allows(nil, tenant.Read) || tenant.Allows([]tenant.Scope{tenant.Admin}, "") {
		t.Error("an unknown scope allows something")
	}
}

func TestIdempotency(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, s := context.Background(), open(t, d)
		token, reply, err := s.Begin(ctx, "t1", "k", "r1")
		if err != nil || token.Token == "" || reply != nil {
			t.Fatalf("first: %q, %v, %v", token, reply, err)
		}
		if _, _, err := s.Begin(ctx, "t1", "k", "r1"); !errors.Is(err, tenant.ErrInFlight) || fault.RetryAfter(err) == 0 {
			t.Errorf("in flight: %v", err)
		}
		if _, _, err := s.Begin(ctx, "t1", "k", "r2"); !errors.Is(err, tenant.ErrKeyReused) {
			t.Errorf("another request in flight: %v", err)
		}
		if tok, _, err := s.Begin(ctx, "t2", "k", "r2"); err != nil || tok.Token == "" {
			t.Errorf("another tenant's same key: %q, %v", tok, err)
		}
		want := tenant.Reply{Status: 200, ContentType: "application/json", Body: []byte("{\"secret\":\"s3cret\"}\n")}
		if err := s.Finish(ctx, "t1", "k", "not the token", tenant.Reply{Status: 500}); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(ctx, "t1", "k", token.Token, want); err != nil {
			t.Fatal(err)
		}
		if err := s.Abandon(ctx, "t1", "k", token.Token); err != nil { // too late: the reply is kept
			t.Fatal(err)
		}
		_, reply, err = s.Begin(ctx, "t1", "k", "r1")
		if err != nil || reply == nil || reply.Status != 200 || string(reply.Body) != string(want.Body) || reply.ContentType != want.ContentType {
			t.Errorf("replay: %+v, %v", reply, err)
		}
		if _, _, err := s.Begin(ctx, "t1", "k", "r2"); !errors.Is(err, tenant.ErrKeyReused) {
			t.Errorf("another request: %v", err)
		}
		var text string
		if err := d.QueryRow(`SELECT reply || digest FROM idempotency_keys WHERE reply IS NOT NULL`).Scan(&text); err != nil || strings.Contains(text, "s3cret") {
			t.Errorf("the row tells the reply: %v", err)
		}

		token, _, err = s.Begin(ctx, "t1", "k2", "r")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Abandon(ctx, "t1", "k2", token.Token); err != nil {
			t.Fatal(err)
		}
		tok, _, err := s.Begin(ctx, "t1", "k2", "other")
		if err != nil || tok.Token == "" || tok.ResourceID == "" || tok.ResourceID == token.ResourceID {
			t.Errorf("after abandoning: %q, %v", tok, err)
		}
		// The process that worked on it died, and its lease passed.
		if _, err := d.Exec(`UPDATE idempotency_keys SET lease_until = now_ms() WHERE reply IS NULL`); err != nil {
			t.Fatal(err)
		}
		if over, _, err := s.Begin(ctx, "t1", "k2", "other"); err != nil || over.Token == "" || over.Token == tok.Token || over.ResourceID != tok.ResourceID {
			t.Errorf("taken over: %q after %q, %v", over, tok, err)
		}
		if _, err := d.Exec(`UPDATE idempotency_keys SET expires_at = now_ms()`); err != nil {
			t.Fatal(err)
		}
		if tok, reply, err := s.Begin(ctx, "t1", "k", "r2"); err != nil || tok.Token == "" || reply != nil {
			t.Errorf("after 30 days: %q, %v, %v", tok, reply, err)
		}
	})
}

func TestIdempotencyLetsOneThrough(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 8 {
			wg.Go(func() {
				_, _, err := s.Begin(context.Background(), "t1", "k", "r")
				if err != nil && !errors.Is(err, tenant.ErrInFlight) {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d calls went ahead", won)
		}
	})
}
