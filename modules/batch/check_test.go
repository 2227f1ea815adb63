package batch

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// shown is a red box on a ground; each part of it is a tenth of the side.
func shown(t *testing.T, side int, ground color.NRGBA, x0, y0, x1, y1 int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(x0*side/10, y0*side/10, x1*side/10, y1*side/10), image.NewUniform(color.NRGBA{200, 30, 40, 255}), image.Point{}, draw.Src)
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.JPEG, Quality: 90})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	paper = color.NRGBA{255, 255, 255, 255}
	dusk  = color.NRGBA{228, 228, 226, 255}
)

func put(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// redCutter takes what is red for the product.
type redCutter struct{ confidence float64 }

// Cut implements pipeline.Cutter.
func (c redCutter) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	out := image.NewNRGBA(photo.Rect)
	for i := 0; i < len(photo.Pix); i += 4 {
		if p := photo.Pix[i:]; int(p[0]) > int(p[1])+60 {
			copy(out.Pix[i:i+4], p)
		}
	}
	return pipeline.Cutout{Image: out, Confidence: c.confidence}, nil
}

// checked runs a check that reports in a format, and returns the report.
func checked(t *testing.T, o CheckOptions, c Checkers, want error, paths ...string) string {
	t.Helper()
	if c.Decoder == nil {
		c.Decoder = decoder()
	}
	if c.Cutter == nil {
		c.Cutter = redCutter{1}
	}
	if o.Format == "" {
		o.Format = formatJSON
	}
	var out, said bytes.Buffer
	if err := Check(t.Context(), Streams{Out: &out, Err: &said}, c, o, paths); !errors.Is(err, want) {
		t.Fatalf("%v, want %v: %s", err, want, said.String())
	}
	return out.String()
}

func parsed(t *testing.T, text string) (r CheckReport) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func statuses(r CheckReport) map[string]string {
	out := map[string]string{}
	for _, it := range r.Items {
		out[filepath.ToSlash(it.File)] = it.Status
	}
	return out
}

func TestCheckFindsPicturesWhereverTheyAre(t *testing.T) {
	t.Chdir(t.TempDir())
	good, bad := boxed(t, 1000, 90), shown(t, 1000, dusk, 1, 1, 9, 9)
	put(t, "photos/good.jpg", good)
	put(t, "photos/CHAIR-04.PT01.jpg", good)
	put(t, "photos/bad.jpg", bad)
	put(t, "photos/broken.jpg", []byte("not a picture"))
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, b := range map[string][]byte{"in/good.jpg": good, "in/bad.jpg": bad, "__MACOSX/in/._bad.jpg": bad, "notes.txt": nil} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, "all.zip", packed.Bytes())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bad.jpg" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(bad)
	}))
	defer server.Close()
	put(t, "list.csv", []byte("\ufeffSKU;Slot;Image URL\nM1;MAIN;photos/good.jpg\nM1;PT01;"+server.URL+"/bad.jpg?token=secret\nM2;;"+server.URL+"/gone.jpg\n;;\n"))
	c := Checkers{Fetch: egress.Guarded(egress.NewGuard(true, nil), time.Second)}
	text := checked(t, CheckOptions{Channels: []string{"amazon"}}, c, ErrFailed, "photos", "all.zip", "list.csv")
	r := parsed(t, text)
	want := map[string]string{
		"photos/good.jpg": Passed, "photos/CHAIR-04.PT01.jpg": Passed, "photos/bad.jpg": Rejected, "photos/broken.jpg": couldNotRead, "all.zip/in/good.jpg": Passed, "all.zip/in/bad.jpg": Rejected,
		server.URL + "/bad.jpg": Passed, server.URL + "/gone.jpg": couldNotRead,
	}
	got := statuses(r)
	for file, status := range want {
		if got[file] != status {
			t.Errorf("%s is %q, want %s", file, got[file], status)
		}
	}
	if strings.Contains(text, "secret") {
		t.Error("a URL's query is told")
	}
	if r.Totals.Rejected != 2 || r.Totals.Failed != 2 || r.State != Finished {
		t.Errorf("%+v", r.Totals)
	}
	for _, it := range r.Items {
		if filepath.Base(it.File) == "CHAIR-04.PT01.jpg" && (it.SKU != "CHAIR-04" || it.Slot != "PT01") {
			t.Errorf("the name says %q and %q", it.SKU, it.Slot)
		}
		if it.Slot == "PT01" && it.Presets[0].Preset != "amazon_pt" {
			t.Errorf("slot PT01 is held against %s", it.Presets[0].Preset)
		}
	}
	t.Run("a slot that nobody has", func(t *testing.T) {
		put(t, "slots.csv", []byte("file,slot\nphotos/good.jpg,front\nphotos/good.jpg,back\n"))
		r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}}, Checkers{}, ErrFailed, "slots.csv"))
		if it := r.Items[0]; it.Code != "slot_unknown" || !strings.Contains(it.Error, "did you mean FRNT?") || r.Items[1].Status != Passed {
			t.Errorf("%+v", it)
		}
	})
	for name, text := range map[string]string{
		"UTF-16": "\xff\xfef\x00i\x00l\x00e\x00\n\x00p\x00h\x00o\x00t\x00o\x00s\x00/\x00g\x00o\x00o\x00d\x00.\x00j\x00p\x00g\x00", "Windows-1252": "file;sku\nphotos/good.jpg;M\xfctze\n",
		"sep=": "sep=;\r\nfile;sku\r\nphotos/good.jpg;x\r\n", "Excel for Mac": "file,sku\rphotos/good.jpg,x\r", "pipes": "file|sku\nphotos/good.jpg|x\n",
	} {
		t.Run("a CSV: "+name, func(t *testing.T) {
			put(t, "excel.csv", []byte(text))
			r := parsed(t, checked(t, CheckOptions{Channels: []string{"etsy"}}, Checkers{}, nil, "excel.csv"))
			if it := r.Items[0]; it.Width == 0 {
				t.Errorf("%+v", it)
			}
		})
	}
	t.Run("addresses that are never fetched", func(t *testing.T) {
		put(t, "odd.csv", []byte("file\nfile:///etc/passwd\nftp://127.0.0.1/a.jpg\ndata:image/png;base64,AA\n"))
		r := parsed(t, checked(t, CheckOptions{Channels: []string{"etsy"}}, Checkers{}, ErrFailed, "odd.csv"))
		for _, it := range r.Items {
			if it.Code != "url_refused" || !strings.Contains(it.Error, "https://") {
				t.Errorf("%+v", it)
			}
		}
	})
	t.Run("a folder of masks that is none", func(t *testing.T) {
		var out bytes.Buffer
		err := Check(t.Context(), Streams{Out: &out, Err: &out}, Checkers{Decoder: decoder()}, CheckOptions{Format: formatJSON, Masks: "nowhere"}, []string{"photos"})
		if fault.CodeOf(err) != "mask_invalid" || !strings.Contains(err.Error(), "nowhere is not a folder that") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a report that can't be written", func(t *testing.T) {
		for at, says := range map[string]string{"nowhere/r.json": "no folder nowhere", "photos": "is a folder"} {
			var out bytes.Buffer
			err := Check(t.Context(), Streams{Out: &out, Err: &out}, Checkers{}, CheckOptions{Format: formatJSON, Output: at}, []string{"photos"})
			if fault.CodeOf(err) != "not_written" || !strings.Contains(err.Error(), says) {
				t.Errorf("%v", err)
			}
		}
	})
	t.Run("a folder of --fix that can't be made", func(t *testing.T) {
		put(t, "taken", []byte("a file"))
		var out bytes.Buffer
		c := Checkers{Decoder: decoder(), Cutter: redCutter{1}, Fixer: pipeline.New(decoder(), redCutter{1}, studio.NewPlacer(1<<20))}
		err := Check(t.Context(), Streams{Out: &out, Err: io.Discard, Quiet: true}, c, CheckOptions{Format: formatJSON, Channels: []string{"etsy"}, Fix: "taken/fixed"}, []string{"photos/good.jpg"})
		if err == nil || !strings.Contains(out.String(), "photos/good.jpg") {
			t.Errorf("%v, and the report is %q", err, out.String())
		}
	})
	t.Run("a slot for all", func(t *testing.T) {
		r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}, Slot: "back"}, Checkers{}, nil, "photos/bad.jpg"))
		if it := r.Items[0]; it.Presets[0].Preset != "amazon_pt" {
			t.Errorf("%+v", it)
		}
		var out bytes.Buffer
		err := Check(t.Context(), Streams{Out: &out, Err: &out, Quiet: true}, Checkers{Decoder: decoder()}, CheckOptions{Format: formatJSON, Slot: "PT1"}, []string{"photos"})
		if fault.CodeOf(err) != "slot_unknown" || !strings.Contains(err.Error(), "PT01") {
			t.Errorf("%v", err)
		}
	})
	t.Run("URLs inside the house", func(t *testing.T) {
		r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}}, Checkers{Fetch: egress.Guarded(egress.NewGuard(false, nil), time.Second)}, ErrFailed, "list.csv"))
		if it := r.Items[1]; it.Code != "url_refused" || !strings.Contains(it.Error, "not public") {
			t.Errorf("%+v", it)
		}
	})
}

// boxed is a box on white that takes a share of its frame, in hundredths.
func boxed(t *testing.T, side, share int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	m := side * (100 - share) / 200
	draw.Draw(img, image.Rect(m, m, side-m, side-m), image.NewUniform(color.NRGBA{200, 30, 40, 255}), image.Point{}, draw.Src)
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.JPEG, Quality: 92})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packed writes a ZIP of one entry.
func packed(t *testing.T, at, name string, b []byte) {
	t.Helper()
	var all bytes.Buffer
	z := zip.NewWriter(&all)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	put(t, at, all.Bytes())
}

func TestCheckReportsInEveryFormat(t *testing.T) {
	t.Chdir(t.TempDir())
	hostile := `x"><script>alert(1)</script>&=cmd|'.jpg`
	put(t, "photos/"+strings.ReplaceAll(hostile, "/", "_"), shown(t, 300, dusk, 2, 2, 8, 8))
	put(t, "photos/\x1b[31mred.jpg", shown(t, 300, paper, 2, 2, 8, 8))
	put(t, "photos/none.jpg", []byte("no"))
	packed(t, "in.zip", "../b\xffd.jpg", shown(t, 300, paper, 2, 2, 8, 8))
	for _, format := range ReportFormats() {
		t.Run(format, func(t *testing.T) {
			text := checked(t, CheckOptions{Channels: []string{"amazon", "bol"}, Format: format}, Checkers{}, ErrFailed, "photos", "in.zip")
			if !utf8.ValidString(text) || strings.Contains(text, "\x1b") {
				t.Error("it is no plain text")
			}
			switch format {
			case formatSARIF:
				var log sarifLog
				if err := json.Unmarshal([]byte(text), &log); err != nil {
					t.Fatal(err)
				}
				run := log.Runs[0]
				if len(run.Results) == 0 || len(run.Invocations[0].ToolExecutionNotifications) != 1 {
					t.Errorf("%+v", run)
				}
				for _, res := range run.Results {
					if strings.ContainsAny(res.Locations[0].PhysicalLocation.ArtifactLocation.URI, " <>\"\x1b") {
						t.Errorf("no URI: %q", res.Locations[0].PhysicalLocation.ArtifactLocation.URI)
					}
					if !slices.ContainsFunc(run.Tool.Driver.Rules, func(r sarifRule) bool { return r.ID == res.RuleID }) {
						t.Errorf("the rule %s is not described", res.RuleID)
					}
				}
			case formatJUnit:
				var all junitSuites
				if err := xml.Unmarshal([]byte(text), &all); err != nil {
					t.Fatal(err)
				}
				if all.Failures == 0 || all.Errors != 1 || all.Tests != 7 {
					t.Errorf("%d tests, %d failures, %d errors", all.Tests, all.Failures, all.Errors)
				}
			case formatHTML:
				for _, never := range []string{"<script", "http-equiv=\"refresh", "src=\"http"} {
					if strings.Contains(text, never) {
						t.Errorf("it holds %s", never)
					}
				}
				if n := strings.Count(text, "data:image/jpeg;base64,"); n != 3 {
					t.Errorf("%d thumbnails", n)
				}
			case formatTable:
				if strings.Contains(text, "\x1b") || !strings.Contains(text, "reject  white background") || !strings.Contains(text, "Cut the product out") {
					t.Errorf("%q", text)
				}
			}
		})
	}
}

func TestCheckSaysWhereItIsUnsure(t *testing.T) {
	t.Chdir(t.TempDir())
	// a pale part that the cutter leaves out and the backdrop is not
	img := image.NewNRGBA(image.Rect(0, 0, 1000, 1000))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(50, 350, 950, 950), image.NewUniform(color.NRGBA{225, 228, 230, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(50, 50, 950, 350), image.NewUniform(color.NRGBA{200, 30, 40, 255}), image.Point{}, draw.Src)
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		t.Fatal(err)
	}
	put(t, "a.png", b)
	for confidence, want := range map[float64]string{.9: Rejected, .3: unsure} {
		t.Run(fmt.Sprint(confidence), func(t *testing.T) {
			var end error
			if want == Rejected {
				end = ErrFailed
			}
			r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}}, Checkers{Cutter: redCutter{confidence}}, end, "a.png"))
			if it := r.Items[0]; it.Status != want || it.Product.Certain != (confidence > .8) {
				t.Errorf("%s %+v", it.Status, it.Presets[0].Checks)
			}
		})
	}
	t.Run("by its mask", func(t *testing.T) {
		mask := image.NewNRGBA(img.Rect)
		draw.Draw(mask, image.Rect(50, 50, 950, 950), image.White, image.Point{}, draw.Src)
		b, err := imaging.Encode(mask, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
		if err != nil {
			t.Fatal(err)
		}
		put(t, "masks/a.png", b)
		r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}, Masks: "masks"}, Checkers{Cutter: redCutter{.3}}, nil, "a.png"))
		if it := r.Items[0]; it.Status != Passed || it.Product.FoundBy != check.ByMask {
			t.Errorf("%s %+v", it.Status, it.Presets[0].Checks)
		}
	})
}

func TestCheckSaysWhatBreaksOnADay(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "a.jpg", boxed(t, 480, 80))
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	r := parsed(t, checked(t, CheckOptions{Channels: []string{"google"}, AsOf: day("2099-01-31")}, Checkers{}, ErrFailed, "a.jpg"))
	if it := r.Items[0]; it.Status != Rejected || r.AsOf != "2099-01-31" {
		t.Errorf("%+v", it)
	}
	r = parsed(t, checked(t, CheckOptions{Channels: []string{"google"}, AsOf: day("2020-01-01")}, Checkers{}, nil, "a.jpg"))
	if it := r.Items[0]; it.Status != Passed || it.Presets[0].Today == "" {
		t.Errorf("%+v", it)
	}
}

func TestCheckFixes(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "photos/bad.jpg", shown(t, 1150, dusk, 1, 1, 9, 9))
	c := Checkers{Fixer: pipeline.New(decoder(), redCutter{1}, studio.NewPlacer(1<<20))}
	r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}, Fix: "fixed"}, c, ErrFailed, "photos"))
	it := r.Items[0]
	if it.Status != Rejected || len(it.Fixed) != 1 || it.Fixed[0].Status != Passed || r.Totals.Fixed != 1 {
		t.Fatalf("%+v", it)
	}
	r = parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}}, Checkers{}, nil, it.Fixed[0].File))
	if r.Items[0].Status != Passed {
		t.Errorf("the fixed file: %+v", r.Items[0].Presets)
	}
}

func TestCheckIsBounded(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Run("a ZIP that grows", func(t *testing.T) {
		const entries, each = 16, 20 << 20
		var b, flat bytes.Buffer
		f, err := flate.NewWriter(&flat, flate.BestSpeed)
		if err == nil {
			_, err = f.Write(make([]byte, each))
		}
		if err != nil || f.Close() != nil {
			t.Fatal(err)
		}
		sum := crc32.ChecksumIEEE(make([]byte, each))
		z := zip.NewWriter(&b)
		for i := range entries { // all of the same bytes, packed once
			w, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%d.png", i), Method: zip.Deflate, CRC32: sum, CompressedSize64: uint64(flat.Len()), UncompressedSize64: each})
			if err == nil {
				_, err = w.Write(flat.Bytes())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		put(t, "bomb.zip", b.Bytes())
		r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}}, Checkers{}, ErrFailed, "bomb.zip"))
		refused := 0
		for _, it := range r.Items {
			if it.Code == "zip_invalid" {
				refused++
			}
		}
		if refused == 0 || refused == entries || r.Totals.Failed != entries {
			t.Errorf("%d refused, %+v", refused, r.Totals)
		}
	})
	for name, c := range map[string]struct{ csv, says string }{
		"no column":      {"a,b\n1,2\n", "first line must name the columns"},
		"nothing":        {"", "it is empty"},
		"too many rows":  {"file\n" + strings.Repeat("a.jpg\n", maxRows+1), "rows"},
		"a long field":   {"file\n" + strings.Repeat("a", maxField+1) + "\n", "characters"},
		"an open quote":  {"file\n\"a.jpg\n", ""},
		"only a heading": {"file\n", "No pictures"},
		"a workbook":     {"PK\x03\x04", "Excel"},
	} {
		t.Run(name, func(t *testing.T) {
			put(t, "list.csv", []byte(c.csv))
			var out bytes.Buffer
			err := Check(t.Context(), Streams{Out: &out, Err: &out, Quiet: true}, Checkers{Decoder: decoder(), Cutter: redCutter{1}}, CheckOptions{Format: formatJSON}, []string{"list.csv"})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v doesn't say %q", err, c.says)
			}
		})
	}
	t.Run("a file that is no ZIP", func(t *testing.T) {
		put(t, "x.zip", []byte("PK\x03\x04 not really"))
		if r := parsed(t, checked(t, CheckOptions{Channels: []string{"amazon"}}, Checkers{}, ErrFailed, "x.zip")); r.Items[0].Code != "zip_invalid" {
			t.Errorf("%+v", r.Items[0])
		}
	})
}
