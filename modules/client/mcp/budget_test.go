package mcp

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestTheProcessBudgetIsNeverExceeded holds it against a model.
func TestTheProcessBudgetIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := &Budget{Cap: rapid.Int64Range(0, 100).Draw(r, "cap")}
		model := int64(0)
		var held []*Reservation
		ended := map[*Reservation]bool{}
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			if len(held) == 0 || rapid.Bool().Draw(r, "reserve") {
				n := rapid.Int64Range(-5, 40).Draw(r, "amount")
				h, err := b.Reserve(n)
				if fits := n >= 0 && model+n <= b.Cap; fits != (err == nil) {
					r.Fatalf("%d of %d, %d more: %v", model, b.Cap, n, err)
				}
				if err == nil {
					model += n
					held = append(held, h)
				}
				continue
			}
			h := rapid.SampledFrom(held).Draw(r, "which")
			spent := h.amount
			switch rapid.IntRange(0, 2).Draw(r, "end") {
			case 0:
				h.Release()
				spent = 0
			case 1:
				part := rapid.Int64Range(-5, 50).Draw(r, "part")
				h.CommitPart(part)
				spent = min(max(part, 0), h.amount)
			default:
				h.Commit()
			}
			if !ended[h] {
				model -= h.amount - spent
			}
			ended[h] = true
			if s := b.state(); s.Used != model || s.Used > s.Cap || s.Left != s.Cap-s.Used {
				r.Fatalf("%+v, the model has %d", s, model)
			}
		}
	})
}

func TestOrdersAtTheSameTimeKeepTheBudget(t *testing.T) {
	api := &fakeAPI{price: 30}
	in := t.TempDir()
	write(t, filepath.Join(in, "a.jpg"), []byte("a"))
	s := connect(t, api, Options{Files: folders(t, in, ""), Budget: &Budget{Cap: 100}})
	order := map[string]any{"items": []any{map[string]any{"file": "a.jpg"}}}
	texts := make([]string, 8)
	var wg sync.WaitGroup
	for i := range texts {
		wg.Go(func() { _, texts[i] = use(t, s, "create_pictures", order, nil) })
	}
	wg.Wait()
	refused := 0
	for _, text := range texts {
		if strings.Contains(text, "may still spend") {
			refused++
		} else if text != "" {
			t.Error(text)
		}
	}
	if api.created != 3 || refused != 5 {
		t.Errorf("%d jobs at 30 within 100, %d refused", api.created, refused)
	}
}

func TestARefusedOrderGivesItsBudgetBack(t *testing.T) {
	in := t.TempDir()
	write(t, filepath.Join(in, "a.jpg"), []byte("a"))
	order := map[string]any{"items": []any{map[string]any{"file": "a.jpg"}}}
	for status, left := range map[int]int64{402: 100, 422: 100, 500: 70} { // after a 500 the job may be there
		t.Run(map[int]string{402: "payment", 422: "invalid", 500: "unknown"}[status], func(t *testing.T) {
			b := &Budget{Cap: 100}
			s := connect(t, &fakeAPI{price: 30, fail: status}, Options{Files: folders(t, in, ""), Budget: b})
			if _, text := use(t, s, "create_pictures", order, nil); !strings.Contains(text, "[refused]") || strings.Contains(text, "\x1b") {
				t.Errorf("%q", text)
			}
			if got := b.state().Left; got != left {
				t.Errorf("%d are left, want %d", got, left)
			}
		})
	}
}

func TestPhotosThatAreRefusedCostNothing(t *testing.T) {
	in := t.TempDir()
	write(t, filepath.Join(in, "a.jpg"), []byte("a"))
	write(t, filepath.Join(in, "b.jpg"), []byte("b"))
	both := map[string]any{"items": []any{map[string]any{"file": "a.jpg"}, map[string]any{"file": "b.jpg"}}}
	for name, c := range map[string]struct {
		refuse    map[string]string
		used      int64
		cancelled []string
	}{
		"one":  {map[string]string{"i2": "image_corrupt"}, 30, []string{"/v1/jobs/j1/items/i2/cancel"}},
		"all":  {map[string]string{"i1": "image_corrupt", "i2": "image_unsupported"}, 0, []string{"/v1/jobs/j1/items/i1/cancel", "/v1/jobs/j1/items/i2/cancel"}},
		"none": {nil, 60, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := &Budget{Cap: 100}
			api := &fakeAPI{price: 30, refuse: c.refuse}
			s := connect(t, api, Options{Files: folders(t, in, ""), Budget: b})
			_, text := use(t, s, "create_pictures", both, nil)
			if got := b.state(); got.Used != c.used || got.Left != 100-c.used {
				t.Errorf("%+v", got)
			}
			if d := cmp.Diff(c.cancelled, api.cancelled); d != "" {
				t.Error(d)
			}
			if refused := len(c.refuse) > 0; refused != strings.Contains(text, "b.jpg\": no photo") || refused != strings.Contains(text, "were given back") {
				t.Errorf("%q", text)
			}
		})
	}
}

func TestOrdersThatCannotBeSentCostNothing(t *testing.T) {
	api := &fakeAPI{price: 30}
	s := connect(t, api, Options{Files: folders(t, t.TempDir(), "")})
	web := connect(t, api, Options{})
	for name, c := range map[string]struct {
		item map[string]any
		web  bool
		want string
	}{
		"no photo":          {map[string]any{"title": "x"}, false, "file, or a source_url"},
		"two photos":        {map[string]any{"file": "a", "source_url": "https://a.example/b"}, false, "one photo"},
		"outside":           {map[string]any{"file": "../a.jpg"}, false, "not below"},
		"a file over HTTP":  {map[string]any{"file": "/etc/passwd"}, true, "file"},
		"nothing over HTTP": {map[string]any{"title": "x"}, true, "neither"},
		"unknown field":     {map[string]any{"file": "a.jpg", "scene": "x"}, false, "scene"},
		"long prompt":       {map[string]any{"file": "a.jpg", "scene_prompt": strings.Repeat("x", 2001)}, false, "scene_prompt"},
	} {
		t.Run(name, func(t *testing.T) {
			to := s
			if c.web {
				to = web
			}
			_, text := use(t, to, "create_pictures", map[string]any{"items": []any{c.item}}, nil)
			if !strings.Contains(text, c.want) {
				t.Errorf("%q, want %q", text, c.want)
			}
		})
	}
	if api.created != 0 {
		t.Errorf("%d jobs were made", api.created)
	}
}
