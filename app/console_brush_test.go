package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/billing/mollietest"
	"github.com/opal-photo/opal/modules/sample"
)

// orderForBrush orders a picture in one size, whose cut-out is to be corrected. It returns the
// page's place.
func orderForBrush(t *testing.T, dev apptest.Client) string {
	t.Helper()
	var j apptest.Job
	if code := dev.Call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "presets": []string{"instagram_square"}, "items": []any{map[string]any{"filename": "vase.jpg"}}}, &j); code != http.StatusOK {
		t.Fatalf("create: %d", code)
	}
	b, err := sample.JPEG(480)
	if err != nil {
		t.Fatal(err)
	}
	dev.Upload(j.JobID, j.Items[0].ItemID, "vase.jpg", b)
	return fmt.Sprintf("/sets/%s/%s", j.JobID, j.Items[0].ItemID)
}

// drag moves the pointer over an element with its button down. Places are shares of its sides.
func drag(t *testing.T, ctx context.Context, selector string, from, to [2]float64) {
	t.Helper()
	inPage(t, ctx, until(fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().width > 0`, selector)))
	box, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`, selector)))
	if err != nil || len(box) != 4 {
		t.Fatalf("drag over %s: %v", selector, err)
	}
	for _, step := range []struct {
		kind  input.DispatchMouseEventType
		share float64
	}{{input.DispatchMouseEventTypeMousePressed, 0}, {input.DispatchMouseEventTypeMouseMoved, .5}, {input.DispatchMouseEventTypeMouseMoved, 1}, {input.DispatchMouseEventTypeMouseReleased, 1}} {
		if _, err := chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: step.kind, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1,
			X: box[0] + box[2]*(from[0]+(to[0]-from[0])*step.share), Y: box[1] + box[3]*(from[1]+(to[1]-from[1])*step.share),
		}); err != nil {
			t.Fatalf("drag over %s: %v", selector, err)
		}
	}
}

// brushPicture corrects the cut-out of a picture: strokes that keep and that
// remove, one taken back, saved as a new version; then the first version is taken back.
func brushPicture(t *testing.T, ctx context.Context, place string) {
	t.Helper()
	inPage(t, ctx, script(fmt.Sprintf(`location.hash = %q`, place)), until(`document.querySelector(".page-head .state:not(.working)") && document.querySelector(".canvas img").naturalWidth > 100`))
	strokes := func(n int) pageStep {
		return until(fmt.Sprintf(`document.querySelector(".brush").children.length === %d`, n))
	}
	inPage(t, ctx, press(".tabs button:nth-child(3)"), until(`document.querySelector(".brush") && document.querySelector(".canvas img").naturalWidth > 100`))
	holds(t, ctx, "nothing is to be saved yet", `document.querySelector(".panel .row .primary").disabled`)
	drag(t, ctx, ".brush", [2]float64{.04, .04}, [2]float64{.12, .04})
	holds(t, ctx, "nothing shines through while it is taken away", `!document.querySelector(".shine")`)
	inPage(t, ctx, strokes(1), press(".panel .chip.keep"), until(`document.querySelector(".shine")?.naturalWidth > 100`))
	drag(t, ctx, ".brush", [2]float64{.5, .5}, [2]float64{.52, .56})
	inPage(t, ctx, strokes(2))
	drag(t, ctx, ".brush", [2]float64{.05, .5}, [2]float64{.3, .5})
	inPage(t, ctx, strokes(3))
	holds(t, ctx, "strokes have their kinds", `document.querySelectorAll(".brush .keep").length === 2 && document.querySelectorAll(".brush .remove").length === 1`)
	accessible(t, ctx, "the brush")
	shoot(t, ctx, "picture-brush")
	// undone by keyboard, and by its button
	inPage(t, ctx, chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl)), strokes(2), press(".panel .row button:first-child"), strokes(1))
	drag(t, ctx, ".brush", [2]float64{.5, .5}, [2]float64{.52, .56})
	// they are there again after a reload
	inPage(t, ctx, strokes(2), chromedp.Reload(), press(".tabs button:nth-child(3)"), until(`document.querySelectorAll(".brush .keep").length === 1 && document.querySelectorAll(".foreseen > *").length === 3`),
		press(".panel .row .primary"), until(`document.querySelector(".notice.good") && document.querySelector(".brush").children.length === 0`),
		press(".tabs button:nth-child(4)"), until(`document.querySelectorAll(".history .state.done").length === 1 && document.querySelectorAll(".history button").length === 1`))
	accessible(t, ctx, "versions")
	inPage(t, ctx, press(".history button"), until(`document.querySelector(".history li:nth-last-child(2) .state.done") || document.querySelectorAll(".history button").length === 2`), until(`document.querySelector(".page-head .state:not(.working)")`))
}

// buyCredits goes from the prices to the provider's page and back, and sees that the credits are there.
func buyCredits(t *testing.T, ctx context.Context, base string, provider *mollietest.Server) {
	t.Helper()
	inPage(t, ctx, script(`location.hash = "/usage"`), until(`document.querySelector(".pack button:not(:disabled)") && document.querySelector(".figures dd").textContent !== "–"`), script(`sessionStorage.had = document.querySelector(".figures dd").textContent`),
		press(".pack button"), arrives(`location.pathname.startsWith("/checkout/")`), press("#pay"), arrives(`document.querySelector(".rail")`))
	for _, id := range provider.IDs() { // the provider calls no http address, so the test does
		answer, err := http.PostForm(base+"/v1/mollie/webhook", url.Values{"id": {id}})
		if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("the provider's call: %v", err)
		}
	}
	inPage(t, ctx, chromedp.Navigate(base+"/#/usage"), arrives(`document.querySelector(".figures dd").textContent !== "–"`))
	for range 300 {
		paid, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector(".figures dd")?.textContent !== "–" && document.querySelector(".figures dd")?.textContent !== sessionStorage.had && document.querySelector("section[aria-labelledby=usage-payments] button") !== null`))
		if err == nil && paid {
			widths(t, ctx, "bought")
			return
		}
		inPage(t, ctx, chromedp.Reload(), arrives(`document.querySelector(".figures dd")?.textContent !== "–" && document.querySelector("section[aria-labelledby=usage-payments] tr, section[aria-labelledby=usage-payments] p")`))
	}
	t.Error("what was paid is not there")
}
