package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
)

func TestNothingLeavesTheFolderWhateverPhotosAreCalled(t *testing.T) {
	photos := []string{"in/...jpg", "in/..jpg", "in/.jpg", "in/report.json.jpg", "in/кружка.jpg", "in/e\x1b[31m.jpg", "in/con.jpg", "in/-rf.jpg", "in/.opal.jpg"}
	place(t, photos...)
	if _, err := process(t, t.Context(), cutter{}, options(), "in"); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(photos, made("rf", "photo", "photo-2", "photo-3", "opal", "_con", "e_31m", "report.json-2", "кружка"), []string{"out/report.json"})
	slices.Sort(want)
	if d := cmp.Diff(want, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r := reportOf(t, "out"); r.State != Finished || r.Totals.Completed != len(photos) || r.Options.Dir != "out" || r.EndedAt == nil || r.Version != "test" {
		t.Errorf("%+v", r)
	}
}

func TestLinksLeadNobodyOut(t *testing.T) {
	place(t, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
	for _, dir := range []string{"out", "elsewhere", "out/b", "out/d"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out/a": "../elsewhere", "out/b/output.png": "../../b.jpg", "out/c": filepath.Join(os.TempDir(), "nowhere")} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile("b.jpg")
	if err != nil {
		t.Fatal(err)
	}
	said, err := process(t, t.Context(), cutter{}, options(), "a.jpg", "b.jpg", "c.jpg", "d.jpg")
	if !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	holds(t, said, "failed  a.jpg", "failed  b.jpg", "failed  c.jpg", "1 finished", "3 failed")
	if left, err := os.ReadDir("elsewhere"); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
	for _, it := range reportOf(t, "out").Items[:3] {
		if it.Code == nil || *it.Code != ErrOutputExists.Code {
			t.Errorf("%s: %v", it.File, it.Error)
		}
	}
	o := options()
	o.Force = true // overwrites the link, not what it leads to
	if _, err := process(t, t.Context(), cutter{}, o, "b.jpg"); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile("b.jpg"); err != nil || string(after) != string(before) {
		t.Errorf("the photo behind the link was written: %v", err)
	}
}

func TestWhatOPALDidNotMakeIsLeftAlone(t *testing.T) {
	place(t, "vase.jpg", "cup.jpg", "out/vase/output.png", "out/cup/notes.txt")
	mine, err := os.ReadFile("out/vase/output.png")
	if err != nil {
		t.Fatal(err)
	}
	said, err := process(t, t.Context(), cutter{}, options(), "vase.jpg", "cup.jpg")
	if !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	holds(t, said, "failed  vase.jpg: A file that OPAL didn't make is in the way", "--force", "1 finished")
	if now, err := os.ReadFile("out/vase/output.png"); err != nil || string(now) != string(mine) {
		t.Errorf("it was overwritten: %v", err)
	}
	for _, forced := range []bool{true, false} { // the second time it is OPAL's own
		t.Run(fmt.Sprintf("forced %v", forced), func(t *testing.T) {
			o := options()
			o.Force = forced
			if said, err := process(t, t.Context(), cutter{}, o, "vase.jpg", "cup.jpg"); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

func TestAReportOfSomebodyElseIsLeftAlone(t *testing.T) {
	for name, body := range map[string]string{"text": "my notes", "other JSON": `{"rows":[]}`, "a list": `[1]`} {
		t.Run(name, func(t *testing.T) {
			place(t, "a.jpg")
			if err := errors.Join(os.Mkdir("out", 0o755), os.WriteFile("out/report.json", []byte(body), 0o644)); err != nil {
				t.Fatal(err)
			}
			if _, err := process(t, t.Context(), cutter{}, options(), "a.jpg"); !errors.Is(err, ErrReport) {
				t.Errorf("%v", err)
			}
			if now, err := os.ReadFile("out/report.json"); err != nil || string(now) != body {
				t.Errorf("%q %v", now, err)
			}
		})
	}
}

func TestOwnResultsAreNoPhotos(t *testing.T) {
	place(t, "a.jpg", "b.jpg")
	for range 3 {
		if said, err := process(t, t.Context(), cutter{}, options(), "."); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	r := reportOf(t, "out")
	if len(r.Items) != 2 || len(r.PassedOver) != 6 || len(r.Earlier) != 0 {
		t.Errorf("%d items, %d passed over, %d of earlier runs", len(r.Items), len(r.PassedOver), len(r.Earlier))
	}
	// one that has lost its XMP is known by the report
	plain := photo(t, 99)
	if err := os.WriteFile("out/a/web_thumb.webp", plain, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, it := range r.Items {
		for i := range it.Files {
			it.Files[i].SHA256 = hashOf(plain)
		}
	}
	known := own{}
	known.adopt(&r)
	if !known.holds(plain, hashOf(plain)) || known.holds(photo(t, 98), hashOf(photo(t, 98))) {
		t.Error("the report's hashes don't count")
	}
	o := options()
	o.Own, o.Dir = true, "again"
	if _, err := process(t, t.Context(), cutter{}, o, "out/b/cutout.png"); err != nil {
		t.Error(err)
	}
	if got := reportOf(t, "again"); len(got.Items) != 1 {
		t.Errorf("%+v", got.Items)
	}
}

func TestResume(t *testing.T) {
	place(t, "a.jpg", "b.jpg", "c.jpg")
	cuts := 0
	count := cutter{before: func(context.Context) { cuts++ }}
	o := options()
	o.Resume = true
	run := func(what string, want int, change func()) Report {
		t.Helper()
		if change != nil {
			change()
		}
		cuts = 0
		if said, err := process(t, t.Context(), count, o, "a.jpg", "b.jpg", "c.jpg"); err != nil {
			t.Fatalf("%s: %v\n%s", what, err, said)
		}
		if cuts != want {
			t.Errorf("%s: %d photos were worked on, want %d", what, cuts, want)
		}
		return reportOf(t, "out")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	run("at first", 3, nil)
	if r := run("again", 0, nil); r.Totals.Reused != 3 || r.Totals.Completed != 3 || len(r.Items[0].Variants) != 1 || len(r.Earlier) != 0 {
		t.Errorf("%+v", r.Totals)
	}
	run("a photo has changed", 1, func() { must(os.WriteFile("a.jpg", photo(t, 200), 0o644)) })
	run("a result is gone", 1, func() { must(os.Remove("out/b/output.png")) })
	run("a result was written by hand", 1, func() { o.Force = true; must(os.WriteFile("out/c/web_thumb.webp", []byte("x"), 0o644)) })
	run("another prompt", 3, func() { o.Prompt = "oak" })
	run("one preset more", 3, func() { o.Presets = append(o.Presets, "cutout_webp") })
	run("one preset less", 0, func() { o.Presets = o.Presets[:1] })
	o.Resume = false
	run("without --resume", 3, nil)
}

func TestARenamedPhotoIsNotMadeAgain(t *testing.T) {
	place(t, "in/a.jpg", "in/b.jpg")
	o := options()
	o.Resume = true
	if _, err := process(t, t.Context(), cutter{}, o, "in"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("in/a.jpg", "in/z.jpg"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("in/twin.jpg", photo(t, 10), 0o644); err != nil { // the bytes of b
		t.Fatal(err)
	}
	if _, err := process(t, t.Context(), cutter{}, o, "in"); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, it := range reportOf(t, "out").Items {
		got[it.File] = it.Output
		if it.Reused != (it.File != "in/twin.jpg") {
			t.Errorf("%s: reused %v", it.File, it.Reused)
		}
	}
	want := map[string]string{"in/b.jpg": "out/b/output.png", "in/twin.jpg": "out/twin/output.png", "in/z.jpg": "out/a/output.png"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestTheReportIsThereWhileTheRunLasts(t *testing.T) {
	slow := slowWrite
	slowWrite = time.Hour // on a busy machine, too
	t.Cleanup(func() { slowWrite = slow })
	place(t, "a.jpg", "b.jpg", "c.jpg")
	n := 0
	var seen []Report
	c := cutter{before: func(context.Context) {
		if n++; n > 1 {
			seen = append(seen, reportOf(t, "out"))
		}
	}}
	if _, err := process(t, t.Context(), c, options(), "a.jpg", "b.jpg", "c.jpg"); err != nil {
		t.Fatal(err)
	}
	for i, r := range seen {
		if r.State != Running || r.Totals.Completed != i+1 || r.Totals.Pending != 2-i || len(r.Items) != 3 || r.EndedAt != nil {
			t.Errorf("after %d: %+v %s", i+1, r.Totals, r.State)
		}
	}
}

func TestAnInterruptedRunBlamesNoPhoto(t *testing.T) {
	place(t, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	n := 0
	c := cutter{before: func(context.Context) {
		if n++; n == 2 {
			cancel()
			<-release // an engine that doesn't listen
		}
	}}
	began := time.Now()
	said, err := process(t, ctx, c, options(), "a.jpg", "b.jpg", "c.jpg", "d.jpg")
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 30*time.Second { // a second, on a machine that has nothing else to do
		t.Errorf("it took %s", took)
	}
	before := files(t)
	close(release)
	time.Sleep(200 * time.Millisecond)
	after := slices.DeleteFunc(files(t), func(n string) bool { return strings.HasSuffix(n, ".part") })
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("something appeared after the end (-want +got):\n%s", d)
	}
	holds(t, said, "interrupted: 1 finished", "0 failed, 3 not done; --resume goes on")
	r := reportOf(t, "out")
	if r.State != Interrupted || r.Totals.Pending != 3 || r.Totals.Failed != 0 {
		t.Errorf("%+v", r.Totals)
	}
	o := options()
	o.Resume = true
	if _, err := process(t, t.Context(), cutter{}, o, "a.jpg", "b.jpg", "c.jpg", "d.jpg"); err != nil {
		t.Fatal(err)
	}
	if r := reportOf(t, "out"); r.Totals.Reused != 1 || r.Totals.Completed != 4 || r.State != Finished {
		t.Errorf("%+v", r.Totals)
	}
}

func TestAPanicIsItsPhotosFailure(t *testing.T) {
	place(t, "a.jpg", "b.jpg")
	n := 0
	c := cutter{before: func(context.Context) {
		if n++; n == 1 {
			panic("a defect")
		}
	}}
	if _, err := process(t, t.Context(), c, options(), "a.jpg", "b.jpg"); !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	if r := reportOf(t, "out"); r.Items[0].Status != Failed || r.Items[1].Status != Completed {
		t.Errorf("%+v", r.Totals)
	}
}

func TestTwoRunsShareAFolder(t *testing.T) {
	place(t, "one/vase.jpg", "two/vase.jpg")
	for _, p := range []string{"one/vase.jpg", "two/vase.jpg", "two/vase.jpg"} {
		if said, err := process(t, t.Context(), cutter{}, options(), p); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	want := slices.Concat(made("vase", "vase-2"), []string{"one/vase.jpg", "out/report.json", "two/vase.jpg"})
	slices.Sort(want)
	if d := cmp.Diff(want, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAFailureIsToldInItsOwnWords(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("decode the photo: %w", ErrTooLarge.With("60 MB")), ErrTooLarge.Error() + ": 60 MB"},
		{fmt.Errorf("ask the engine: %w", ErrNotWritten.With("x")), "ask the engine: " + ErrNotWritten.Error() + ": x"}, // the step says where to look
		{errors.New("a defect"), "a defect"},
	} {
		t.Run(c.want, func(t *testing.T) {
			var it Item
			if it.fail(c.err); *it.Error != c.want || *it.Code != fault.CodeOf(c.err) {
				t.Errorf("%q, %s", *it.Error, *it.Code)
			}
		})
	}
	place(t)
	if err := os.WriteFile("text.jpg", []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _ = process(t, t.Context(), cutter{}, options(), "text.jpg")
	if it := reportOf(t, "out").Items[0]; it.Error == nil || strings.HasPrefix(*it.Error, "decode") || *it.Code != "image_unsupported" {
		t.Errorf("%+v", it)
	}
}

// Two at the same time would leave the report of the one that ends last.
func TestASecondRunWaitsForAFoldersFirst(t *testing.T) {
	place(t, "a.jpg", "b.jpg")
	if err := os.Symlink("out", "same"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("out", 0o755); err != nil {
		t.Fatal(err)
	}
	var second, dry, elsewhere error
	c := cutter{before: func(context.Context) {
		o := options()
		o.Dir = "same" // the same folder, whatever it is called
		_, second = process(t, t.Context(), cutter{}, o, "b.jpg")
		o.DryRun = true
		_, dry = process(t, t.Context(), cutter{}, o, "b.jpg")
		o = options()
		o.Dir = "other"
		_, elsewhere = process(t, t.Context(), cutter{}, o, "b.jpg")
	}}
	if _, err := process(t, t.Context(), c, options(), "a.jpg"); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(second, ErrInUse) || !strings.Contains(second.Error(), "same") || dry != nil || elsewhere != nil {
		t.Errorf("the second %v, a rehearsal %v, elsewhere %v", second, dry, elsewhere)
	}
	if r := reportOf(t, "out"); r.State != Finished || r.Totals.Items != 1 {
		t.Errorf("%+v", r.Totals)
	}
	if _, err := process(t, t.Context(), cutter{}, options(), "b.jpg"); err != nil {
		t.Errorf("after the first: %v", err)
	}
}

func TestOptionsThatCanNotBeMeant(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *Options)
		code   string
	}{
		"no scene":         {func(o *Options) { o.Scenes = nil }, "scene_type_unknown"},
		"an unknown scene": {func(o *Options) { o.Scenes = []string{"studio", "moon"} }, "scene_type_unknown"},
		"no preset":        {func(o *Options) { o.Presets = nil }, "preset_unknown"},
		"an empty preset":  {func(o *Options) { o.Presets = []string{""} }, "preset_unknown"},
		"no folder":        {func(o *Options) { o.Dir = "" }, "out_missing"},
		"too many jobs":    {func(o *Options) { o.Jobs = 1000 }, "jobs_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			place(t, "a.jpg")
			o := options()
			c.change(&o)
			if _, err := process(t, t.Context(), cutter{}, o, "a.jpg"); fault.CodeOf(err) != c.code || fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
			if exists("out") {
				t.Error("a folder was made")
			}
		})
	}
}

func TestADryRunMakesNothing(t *testing.T) {
	place(t, "a.jpg", "b.jpg", "out/b/output.png")
	before := files(t)
	o := options()
	o.DryRun = true
	said, err := process(t, t.Context(), cutter{}, o, "a.jpg", "b.jpg")
	if !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	holds(t, said, "a.jpg -> out/a: output, cut-out, web_thumb.webp", "b.jpg: would fail")
	o.JSON = true
	if said, err = process(t, t.Context(), cutter{}, o, "a.jpg", "b.jpg"); !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	holds(t, said, `{"file":"a.jpg","scene":"`, `"folder":"out/a","files":["web_thumb.webp"]}`, `{"file":"b.jpg"`, `"error":"`)
	if d := cmp.Diff(before, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestARefusedSwatchSendsNoItemToReview(t *testing.T) {
	for preset, want := range map[string]bool{"amazon_swatch": false, "amazon_main": true} {
		it := Item{Variants: []Variant{{Preset: preset, Status: Rejected}}}
		if it.review(); it.NeedsReview != want {
			t.Errorf("%s: %v, %q", preset, it.NeedsReview, it.ReviewReason)
		}
	}
}

func TestFilesOfTheSamePhotoAreTold(t *testing.T) {
	place(t, "a.jpg", "b.jpg")
	same, err := os.ReadFile("a.jpg")
	if err == nil {
		err = os.WriteFile("copy.jpg", same, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Scenes = []string{"studio", "kitchen"}
	said, err := process(t, t.Context(), cutter{}, o, "a.jpg", "b.jpg", "copy.jpg")
	if err != nil {
		t.Fatal(err)
	}
	holds(t, said, "copy.jpg: the same photo as a.jpg")
	if n := strings.Count(said, "the same photo"); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, said)
	}
}
