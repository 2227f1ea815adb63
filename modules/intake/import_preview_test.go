package intake_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/intake/feed"
)

// mixed is a table with rows of each kind: good ones of two brands and two scenes, and bad ones.
const mixed = "sku,file,brand,scene,title\r\nA,a.jpg,,,\"A \nmug\"\r\nB,b.jpg,,kitchen,\r\nB,b2.jpg,,,\r\nA,a.jpg,,,\"A \nmug\"\r\n,,,,nothing\r\nC,refused.jpg,,,\r\nD,d.jpg,nobody,,\r\nE,e.jpg,acme,,\r\n"

func reading(table string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(table), nil }
}

func TestAPreviewSaysWhatTheImportMakes(t *testing.T) {
	eachImports(t, func(w *imports) {
		w.refused["refused.jpg"] = fault.New(fault.Invalid, "scene_type_unknown", "There is no such scene").With("items[0].scene_types has x")
		wishes := intake.Wishes{Scenes: []string{"studio"}}
		p, err := w.s.Preview(w.t.Context(), intake.NewImport{TenantID: "t", Wishes: wishes}, reading(mixed))
		w.must(err)
		var rows []string
		for _, e := range p.First {
			rows = append(rows, fmt.Sprintf("%d %s %s", e.Line, e.File, e.Product.SKU))
		}
		if diff := cmp.Diff([]string{"2 a.jpg A", "4 b.jpg B", "5 b2.jpg B", "11 e.jpg E"}, rows); diff != "" {
			t.Error(diff)
		}
		var wrong []string
		for _, e := range p.Errors {
			wrong = append(wrong, fmt.Sprintf("%d %s", e.Line, e.Code))
		}
		if diff := cmp.Diff([]string{"6 row_duplicate", "8 row_without_photo", "9 scene_type_unknown", "10 brand_profile_not_found"}, wrong); diff != "" {
			t.Error(diff)
		}
		if text := p.Errors[2].Message; text != "There is no such scene: scene has x" {
			t.Errorf("a row's error speaks of a call's body: %s", text)
		}
		if p.Format != feed.CSV || p.Rows != 8 || p.Photos != 4 || p.Products != 3 || p.Wrong != 4 {
			t.Errorf("%+v", p)
		}
		var orders []string
		for _, o := range p.Orders {
			orders = append(orders, fmt.Sprintf("%d × %q in %v", o.Photos, o.Job.BrandProfileID, o.Job.Items[0].SceneTypes))
		}
		if diff := cmp.Diff([]string{`2 × "" in [studio]`, `1 × "" in [kitchen]`, `1 × "acme" in [studio]`}, orders); diff != "" {
			t.Error(diff)
		}
		if len(w.jobs) != 0 {
			t.Errorf("a preview made %d jobs", len(w.jobs))
		}
		i := w.start("t", mixed, wishes)
		w.work()
		if i = w.get(i.ImportID); i.Photos != p.Photos || i.Errors != p.Wrong || *i.Rows != p.Rows {
			t.Errorf("the import made %d photos and %d errors of %d rows, its preview told of %d, %d and %d", i.Photos, i.Errors, *i.Rows, p.Photos, p.Wrong, p.Rows)
		}
	})
}

func TestAPreviewOfAFeedIsFetchedThroughTheGuard(t *testing.T) {
	eachImports(t, func(w *imports) {
		srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/feed.csv":
				_, _ = rw.Write([]byte(rowsOf(1200)))
			case "/inside":
				http.Redirect(rw, r, "http://[fe80::1]/secret.csv", http.StatusFound)
			case "/large":
				_, _ = rw.Write([]byte("url\n" + strings.Repeat("https://x.example/a.jpg\n", intake.MaxPreviewed/24+1)))
			case "/page":
				_, _ = rw.Write([]byte("<html>"))
			default:
				rw.WriteHeader(http.StatusNotFound)
			}
		}))
		w.t.Cleanup(srv.Close)
		look := func(s *intake.Imports, path string) (intake.Preview, error) {
			return s.Preview(w.t.Context(), intake.NewImport{TenantID: "t", SourceURL: srv.URL + path}, nil)
		}
		p, err := look(w.s, "/feed.csv")
		if err != nil || p.Rows != 1200 || p.Photos != 1200 || p.Products != 1200 || len(p.First) != intake.Shown || p.Orders[0].Photos != 1200 {
			t.Errorf("%v: %d rows, %d photos, %d shown", err, p.Rows, p.Photos, len(p.First))
		}
		for path, want := range map[string]*fault.Error{"/inside": intake.ErrProhibited, "/large": intake.ErrLookLarge, "/page": feed.ErrNotTable, "/gone": intake.ErrNotFound} {
			if _, err := look(w.s, path); !errors.Is(err, want) {
				t.Errorf("%s: %v, wanted %v", path, err, want)
			}
		}
		public := egress.NewURLs(nil)
		w.t.Cleanup(public.CloseIdleConnections)
		strict := *w.s
		strict.Fetcher = intake.NewFetcher(public)
		if _, err := look(&strict, "/feed.csv"); !errors.Is(err, intake.ErrProhibited) && !errors.Is(err, intake.ErrAddress) {
			t.Errorf("an address within: %v", err)
		}
	})
}

func TestTablesThatHaveNoPreview(t *testing.T) {
	eachImports(t, func(w *imports) {
		var unlike strings.Builder
		for i := range 30 {
			fmt.Fprintf(&unlike, "a%d.jpg,b%d\n", i, i)
		}
		for name, c := range map[string]struct {
			table string
			want  *fault.Error
		}{
			"nothing":        {"", feed.ErrEmpty},
			"no columns":     {"a,b\n1,2\n", feed.ErrColumns},
			"an open quote":  {"file\n\"" + strings.Repeat("a", feed.MaxRecord*3/2), feed.ErrRecord},
			"thirty brands":  {"file,brand\n" + unlike.String(), intake.ErrUnlike},
			"a large one":    {strings.Repeat("a", intake.MaxPreviewed+1), intake.ErrLookLarge},
			"a ZIP's header": {"PK\x03\x04", feed.ErrNotTable},
		} {
			if _, err := w.s.Preview(w.t.Context(), intake.NewImport{TenantID: "t"}, reading(c.table)); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.s.Preview(w.t.Context(), intake.NewImport{TenantID: "t", Wishes: intake.Wishes{Brand: "nobody"}}, reading("file\na.jpg\n")); fault.CodeOf(err) != "brand_profile_not_found" {
			t.Errorf("a brand that is not there: %v", err)
		}
	})
}

func TestFewTablesAreLookedAtAtOnce(t *testing.T) {
	eachImports(t, func(w *imports) {
		hold, begun := make(chan struct{}), make(chan struct{}, 2)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				_, _ = w.s.Preview(w.t.Context(), intake.NewImport{TenantID: "t"}, func() ([]byte, error) {
					begun <- struct{}{}
					<-hold
					return []byte("file\na.jpg\n"), nil
				})
			})
		}
		<-begun
		<-begun
		soon, cancel := context.WithTimeout(w.t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := w.s.Preview(soon, intake.NewImport{TenantID: "t"}, reading("")); !errors.Is(err, intake.ErrLookBusy) {
			w.t.Errorf("a third: %v", err)
		}
		close(hold)
		all.Wait()
		if p, err := w.s.Preview(w.t.Context(), intake.NewImport{TenantID: "t"}, reading("file\na.jpg\n")); err != nil || p.Photos != 1 {
			w.t.Errorf("afterwards: %v", err)
		}
	})
}
