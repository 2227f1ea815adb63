package share_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/share"
)

func TestShares(t *testing.T) { dbtest.Run(t, testShares) }

func testShares(t *testing.T, d *db.DB) {
	s, ctx := share.NewService(d), t.Context()
	made := func(t *testing.T, n share.New) (share.Link, string) {
		t.Helper()
		l, token, err := s.Create(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		return l, token
	}
	who := share.Visit{Guest: "Grace", Address: "192.0.2.1"}
	picture := share.Item{JobID: "j1", ItemID: "i1"}

	whole, token := made(t, share.New{TenantID: "a", Name: "first", JobID: "j1", Comment: true, Approve: true, By: "Ada"})
	t.Run("a token opens its link", func(t *testing.T) {
		got, err := s.Open(ctx, token)
		if err != nil || got.ID != whole.ID || got.Kind != share.OfJob || got.Target != "j1" || !got.Approve || got.Download || time.Until(got.ExpiresAt) < 13*24*time.Hour {
			t.Errorf("%+v %v", got, err)
		}
		for _, no := range []string{"", "x", token + "x", token[:len(token)-1], strings.Repeat("x", 1<<16), whole.ID} {
			if _, err := s.Open(ctx, no); !errors.Is(err, share.ErrToken) {
				t.Errorf("%.20q: %v", no, err)
			}
		}
		var n int
		if err := d.QueryRowContext(ctx, `SELECT count(*) FROM share_links WHERE digest LIKE '%' || $1 || '%'`, token).Scan(&n); err != nil || n != 0 {
			t.Errorf("the token is stored: %d %v", n, err)
		}
	})
	t.Run("what it can't be", func(t *testing.T) {
		far, past := time.Now().Add(400*24*time.Hour), time.Now().Add(-time.Second)
		for name, c := range map[string]struct {
			n    share.New
			want error
		}{
			"nothing": {share.New{}, share.ErrWhat}, "two things": {share.New{JobID: "j", CollectionID: "c"}, share.ErrWhat}, "too many": {share.New{Items: make([]share.Item, share.MaxItems+1)}, share.ErrWhat},
			"too late": {share.New{JobID: "j", ExpiresAt: &far}, share.ErrExpiry}, "past": {share.New{JobID: "j", ExpiresAt: &past}, share.ErrExpiry},
			"a long name": {share.New{JobID: "j", Name: strings.Repeat("x", share.MaxName+1)}, share.ErrName}, "a name of two lines": {share.New{JobID: "j", Name: "a\nb"}, share.ErrName},
			"a name that turns around": {share.New{JobID: "j", Name: "a\u202eb"}, share.ErrName},
		} {
			t.Run(name, func(t *testing.T) {
				c.n.TenantID = "a"
				if _, _, err := s.Create(ctx, c.n); !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
			})
		}
	})
	t.Run("what guests do is kept and told", func(t *testing.T) {
		for range 3 { // of one visit
			if err := s.Came(ctx, whole, who); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Did(ctx, whole, share.Approved, picture, who); err != nil {
			t.Fatal(err)
		}
		c, err := s.Say(ctx, whole, picture, who, " two\r\nlines ")
		if err != nil || c.Text != "two\nlines" || c.Author != "Grace" {
			t.Errorf("%+v %v", c, err)
		}
		if _, err := s.Say(ctx, share.Link{TenantID: "a"}, picture, share.Visit{}, "from the team"); err != nil {
			t.Fatal(err)
		}
		for name, call := range map[string]struct {
			v    share.Visit
			text string
			want error
		}{
			"nobody": {share.Visit{}, "x", share.ErrGuest}, "empty": {who, " \n", share.ErrText}, "long": {who, strings.Repeat("é", share.MaxText+1), share.ErrText}, "no text": {who, "a\x00b", share.ErrText}, "broken": {who, "a\xff", share.ErrText},
		} {
			t.Run(name, func(t *testing.T) {
				if _, err := s.Say(ctx, whole, picture, call.v, call.text); !errors.Is(err, call.want) {
					t.Errorf("%v, want %v", err, call.want)
				}
			})
		}
		if all, err := s.Comments(ctx, "a", "i1"); err != nil || len(all) != 2 || all[0].ShareID != whole.ID || all[1].ShareID != "" {
			t.Errorf("%+v %v", all, err)
		}
		if all, err := s.Comments(ctx, "b", "i1"); err != nil || len(all) != 0 {
			t.Errorf("another tenant reads %+v %v", all, err)
		}
		log, err := s.Log(ctx, "a", whole.ID)
		if err != nil || len(log) != 3 || log[0].Act != share.Commented || log[2].Act != share.Opened || log[1].Guest != "Grace" || log[1].Address != "192.0.2.1" {
			t.Errorf("%+v %v", log, err)
		}
		if _, err := s.Log(ctx, "b", whole.ID); !errors.Is(err, share.ErrNotFound) {
			t.Error(err)
		}
		events, err := event.Of(ctx, d, "a", "", 10)
		if err != nil || len(events) != 2 || events[0].Type != event.ShareDecided || events[1].Type != event.ShareCommented || events[0].JobID != "" || !strings.Contains(string(events[1].Data), `"item_id": "i1"`) && !strings.Contains(string(events[1].Data), `"item_id":"i1"`) {
			t.Errorf("%+v %v", events, err)
		}
	})
	t.Run("lists", func(t *testing.T) {
		some, _ := made(t, share.New{TenantID: "a", Items: []share.Item{{"j2", "i2"}, {"j3", "i3"}, {"j3", "i3"}}})
		if got, next, err := s.List(ctx, "a", "", "", 1); err != nil || len(got) != 1 || got[0].ID != some.ID || got[0].Items != 2 || next != some.ID {
			t.Errorf("%+v %q %v", got, next, err)
		}
		if got, next, err := s.List(ctx, "a", "", some.ID, 1); err != nil || len(got) != 1 || got[0].ID != whole.ID || next != "" {
			t.Errorf("%+v %q %v", got, next, err)
		}
		if got, _, err := s.List(ctx, "a", "j3", "", 10); err != nil || len(got) != 1 || got[0].ID != some.ID {
			t.Errorf("%+v %v", got, err)
		}
		if got, _, err := s.List(ctx, "b", "", "", 10); err != nil || len(got) != 0 {
			t.Errorf("another tenant sees %+v %v", got, err)
		}
		if _, _, err := s.List(ctx, "a", "", "x", 10); !errors.Is(err, share.ErrCursor) {
			t.Error(err)
		}
		// A link whose pictures are all deleted goes with the last of them.
		forget := func(jobID string) {
			t.Helper()
			if err := d.InTx(ctx, func(tx *db.Tx) error { return s.JobForgotten(ctx, tx, jobID) }); err != nil {
				t.Fatal(err)
			}
		}
		forget("j2")
		if left, err := s.Items(ctx, some.ID); err != nil || len(left) != 1 || left[0].ItemID != "i3" {
			t.Errorf("%+v %v", left, err)
		}
		forget("j3")
		if got, _, err := s.List(ctx, "a", "", "", 10); err != nil || len(got) != 1 || got[0].ID != whole.ID {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("its end", func(t *testing.T) {
		brief, short := made(t, share.New{TenantID: "a", JobID: "j1"})
		if _, err := d.ExecContext(ctx, `UPDATE share_links SET expires_at = now_ms() - 1 WHERE share_id = $1`, brief.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(ctx, short); !errors.Is(err, share.ErrEnded) {
			t.Error(err)
		}
		if err := s.Revoke(ctx, "b", whole.ID); !errors.Is(err, share.ErrNotFound) {
			t.Error(err)
		}
		for range 2 {
			if err := s.Revoke(ctx, "a", whole.ID); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Open(ctx, token); !errors.Is(err, share.ErrEnded) {
			t.Error(err)
		}
		if _, err := d.ExecContext(ctx, `UPDATE share_links SET expires_at = now_ms() - 7862400000 WHERE share_id = $1`, brief.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if got, _, err := s.List(ctx, "a", "", "", 10); err != nil || len(got) != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
	t.Run("nothing of a deleted job stays", func(t *testing.T) {
		if err := d.InTx(ctx, func(tx *db.Tx) error { return s.JobForgotten(ctx, tx, "j1") }); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"share_links", "share_items", "share_comments", "share_log", "events"} {
			var n int
			if err := d.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d %v", table, n, err)
			}
		}
	})
}
