package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/modules/client"
)

// The photo whose cut-out is corrected: grey, with marks of one colour each at known places.
const photoWidth, photoHeight, markSide = 1500, 1000, 13

var marks = map[color.NRGBA]image.Point{
	{R: 255, G: 0, B: 255, A: 255}: {X: 310, Y: 250}, {R: 0, G: 255, B: 255, A: 255}: {X: 1240, Y: 790}, {R: 255, G: 255, B: 0, A: 255}: {X: 750, Y: 500},
}

func markedPhoto(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, photoWidth, photoHeight))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.NRGBA{R: 128, G: 128, B: 128, A: 255}), image.Point{}, draw.Src)
	for c, at := range marks {
		draw.Draw(img, image.Rect(at.X-markSide/2, at.Y-markSide/2, at.X+markSide/2+1, at.Y+markSide/2+1), image.NewUniform(c), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// markOnScreen finds a mark in a screenshot of the window, and returns its middle there.
func markOnScreen(t *testing.T, ctx context.Context, c color.NRGBA) (x, y float64, found bool) {
	t.Helper()
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	near := func(a uint32, b uint8) bool { return math.Abs(float64(a>>8)-float64(b)) < 30 }
	n := 0.0
	for py := range img.Bounds().Dy() {
		for px := range img.Bounds().Dx() {
			if r, g, b, _ := img.At(px, py).RGBA(); near(r, c.R) && near(g, c.G) && near(b, c.B) {
				x, y, n = x+float64(px)+.5, y+float64(py)+.5, n+1
			}
		}
	}
	return x / n, y / n, n >= 4
}

// correcting opens the brush over the marked photo, in a stand-in for the service that keeps
// what is asked of a cut-out.
func correcting(t *testing.T, ctx context.Context) <-chan client.NewCutout {
	t.Helper()
	asked := make(chan client.NewCutout, 8)
	photo := markedPhoto(t)
	d := newLikeDocument(t)
	d.moves = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/picture.jpg":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(photo)
			return true
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/cutout"):
			var body client.NewCutout
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			asked <- body
		}
		return false
	}
	inPage(t, ctx, chromedp.Navigate(standIn(t, d.ServeHTTP)+"/#/sets/"+aJob+"/"+anItem), press(".tabs button:nth-child(3)"),
		until(fmt.Sprintf(`document.querySelector(".brush") && document.querySelector(".canvas img").naturalWidth === %d`, photoWidth)))
	return asked
}

// TestStrokesLandOnThePhotosPixelsInTheBrowser paints on marks of a photo, where the window
// shows them: fitted, at 100 % and at 200 %, after the photo was moved; the service hears the
// marks' own pixels.
func TestStrokesLandOnThePhotosPixelsInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	inPage(t, ctx, chromedp.EmulateViewport(1280, 800))
	asked := correcting(t, ctx)
	for i, zoom := range []string{"fitted", "100 %", "200 %"} {
		inPage(t, ctx, press(fmt.Sprintf(".stage-tools .chips:last-child .chip:nth-child(%d)", i+1)), until(fmt.Sprintf(`document.querySelector(".stage-tools .chips:last-child .chip:nth-child(%d)").ariaPressed === "true"`, i+1)))
		if i == 1 { // zooming in keeps the middle where it was
			holds(t, ctx, zoom+" keeps the middle", `(() => { const c = document.querySelector(".canvas"); return Math.abs(c.scrollLeft + c.clientWidth / 2 - c.scrollWidth / 2) < 3 && Math.abs(c.scrollTop + c.clientHeight / 2 - c.scrollHeight / 2) < 3; })()`)
		}
		for c, at := range marks {
			t.Run(fmt.Sprintf("%s at %v", zoom, at), func(t *testing.T) {
				// moved as by its scroll bars, off the middle
				inPage(t, ctx, script(fmt.Sprintf(`{ const c = document.querySelector(".canvas"), i = c.querySelector("img"), k = i.getBoundingClientRect().width / i.naturalWidth; c.scrollTo(%d * k - c.clientWidth / 3, %d * k - c.clientHeight / 4); }`, at.X, at.Y)))
				inPage(t, ctx, script(`document.querySelector(".notice .icon-only")?.click(); scrollTo(0, 0)`), until(`!document.querySelector(".notice") && scrollY === 0`))
				x, y, found := markOnScreen(t, ctx, c)
				for range 20 { // a notice that comes late may lie over it
					if found {
						break
					}
					inPage(t, ctx, script(`document.querySelector(".notice .icon-only")?.click()`), until(`!document.querySelector(".notice")`))
					x, y, found = markOnScreen(t, ctx, c)
				}
				if !found {
					shoot(t, ctx, "mark-missing")
					t.Fatal("the mark is not in the window")
				}
				for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
					if _, err := chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1, X: x, Y: y}); err != nil {
						t.Fatal(err)
					}
				}
				inPage(t, ctx, until(`document.querySelector(".brush").children.length === 1`), press(".panel .row .primary"), until(`document.querySelector(".brush").children.length === 0`))
				got := (<-asked).Remove
				if len(got) != 1 || len(got[0].Points) != 1 || math.Hypot(got[0].Points[0][0]-float64(at.X)-.5, got[0].Points[0][1]-float64(at.Y)-.5) > 1.6 {
					t.Errorf("painted on %v, and the service hears %+v", at, got)
				}
			})
		}
	}
}

// fingers puts fingers on the window, moves them or, with none, lifts them.
func fingers(t *testing.T, ctx context.Context, kind input.DispatchTouchEventType, at ...[2]float64) {
	t.Helper()
	points := []*input.TouchPoint{}
	for i, p := range at {
		points = append(points, &input.TouchPoint{X: p[0], Y: p[1], ID: new(float64(i))})
	}
	if _, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
}

// TestFingersOnAPhoneInTheBrowser pinches a picture, paints on it with one finger, and
// selects pictures of a sheet by a finger that stays.
func TestFingersOnAPhoneInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	inPage(t, ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	if _, err := chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5}); err != nil {
		t.Fatal(err)
	}
	asked := correcting(t, ctx)
	inPage(t, ctx, script(`document.querySelector(".canvas").scrollIntoView({ block: "center", behavior: "instant" })`))
	yellow := color.NRGBA{R: 255, G: 255, B: 0, A: 255}
	middle := func() [2]float64 {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(() => { const r = document.querySelector(".canvas").getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`))
		if err != nil || len(at) != 2 {
			t.Fatal(err)
		}
		return [2]float64{at[0], at[1]}
	}()
	const scale = `(document.querySelector(".canvas img").getBoundingClientRect().width / document.querySelector(".canvas img").naturalWidth)`
	inPage(t, ctx, script(`window.fitted = `+scale))
	fingers(t, ctx, input.DispatchTouchEventTypeTouchStart, middle)
	apart := func(d float64) [][2]float64 {
		return [][2]float64{{middle[0] - d, middle[1]}, {middle[0] + d, middle[1]}}
	}
	fingers(t, ctx, input.DispatchTouchEventTypeTouchStart, apart(20)...)
	for d := 30.0; d <= 100; d += 10 {
		fingers(t, ctx, input.DispatchTouchEventTypeTouchMove, apart(d)...)
	}
	fingers(t, ctx, input.DispatchTouchEventTypeTouchEnd)
	inPage(t, ctx, until(scale+` > 4 * window.fitted && `+scale+` < 6 * window.fitted`))
	holds(t, ctx, "a pinch paints nothing, and leaves the page as it is", `document.querySelector(".brush").children.length === 0 && visualViewport.scale === 1`)
	x, y, found := markOnScreen(t, ctx, yellow)
	if !found || math.Hypot(x-middle[0], y-middle[1]) > 12 {
		t.Errorf("what lay between the fingers lies at %.0f, %.0f, not %v", x, y, middle)
	}
	fingers(t, ctx, input.DispatchTouchEventTypeTouchStart, [2]float64{x, y})
	fingers(t, ctx, input.DispatchTouchEventTypeTouchMove, [2]float64{x + 30, y})
	fingers(t, ctx, input.DispatchTouchEventTypeTouchEnd)
	inPage(t, ctx, until(`document.querySelector(".brush").children.length === 1`), press(".panel .row .primary"))
	if got := (<-asked).Remove; len(got) != 1 || len(got[0].Points) < 2 || math.Hypot(got[0].Points[0][0]-750.5, got[0].Points[0][1]-500.5) > 3 {
		t.Errorf("a finger paints %+v", got)
	}

	// A finger that stays selects, taps then add to it, and a tap opens where nothing is selected.
	tap := func(n int, stays string) {
		t.Helper()
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => { document.querySelector(".notice .icon-only")?.click(); const e = document.querySelectorAll(".tile-picture")[%d]; e.scrollIntoView({ block: "center", behavior: "instant" }); const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`, n)))
		if err != nil || len(at) != 2 {
			t.Fatal(err)
		}
		fingers(t, ctx, input.DispatchTouchEventTypeTouchStart, [2]float64{at[0], at[1]})
		if stays != "" {
			inPage(t, ctx, until(stays))
		}
		fingers(t, ctx, input.DispatchTouchEventTypeTouchEnd)
	}
	inPage(t, ctx, script(`location.hash = "#/sets/`+aJob+`"`), until(`document.querySelectorAll(".tile-picture img").length > 3`))
	tap(0, `document.querySelectorAll(".tile.chosen").length === 1`)
	tap(1, "")
	inPage(t, ctx, until(`document.querySelectorAll(".tile.chosen").length === 2 && location.hash.split("/").length === 3`))
	tap(0, "")
	tap(1, "")
	inPage(t, ctx, until(`document.querySelectorAll(".tile.chosen").length === 0`))
	const opened, selected = `location.hash.split("/").length === 4 && document.querySelector(".picture")`, `document.querySelectorAll(".tile.chosen").length === 1`
	for range 5 { // on a busy machine a tap may take long enough to select
		tap(1, "")
		inPage(t, ctx, until(opened+" || "+selected))
		if there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+opened+`)`)); err != nil || there {
			return
		}
		tap(1, "")
		inPage(t, ctx, until(`document.querySelectorAll(".tile.chosen").length === 0`))
	}
	t.Error("a tap opens nothing")
}
