package app_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/app/apptest"
)

// connect gives the browser its network, or takes it away.
func connect(t *testing.T, ctx context.Context, online bool) {
	t.Helper()
	here := network.Conditions{Offline: !online, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&here}}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !online, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
		t.Fatal(err)
	}
}

// TestAPageIsOpenedWithoutANetworkInTheBrowser opens pages that were not loaded yet while there is
// no network, and while the service is away: each says so in the console's words, and is there
// by itself, or by its button, once it can be had.
func TestAPageIsOpenedWithoutANetworkInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	d := newLikeDocument(t)
	var away atomic.Bool
	d.moves = func(w http.ResponseWriter, _ *http.Request) bool {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		return away.Load()
	}
	url := standIn(t, d.ServeHTTP)
	const said = `document.querySelector("main h1") && document.querySelector("main .empty button") && document.querySelector("main").textContent.includes("The service can't be reached")`
	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelector(".set-row")`))
	connect(t, ctx, false)
	inPage(t, ctx, script(`location.hash = "#/library"`), until(said), until(`document.querySelector(".callout[role=status]")`))
	accessible(t, ctx, "a page without a network")
	shoot(t, ctx, "page-offline")
	holds(t, ctx, "the browser's own words are not shown", `!document.body.textContent.includes("Failed to fetch") && !document.body.textContent.includes(".js")`)
	inPage(t, ctx, script(`location.hash = "#/webhooks"`), until(said))
	connect(t, ctx, true)
	inPage(t, ctx, until(`document.querySelector("input[name=url]") && !document.querySelector(".callout[role=status]")`), // by itself
		script(`location.hash = "#/library"`), until(`document.querySelector(".tile-picture")`))

	away.Store(true)
	inPage(t, ctx, script(`location.hash = "#/deletions"`), until(`document.querySelectorAll("main .empty button").length > 0`))
	accessible(t, ctx, "a page whose service is away")
	away.Store(false)
	inPage(t, ctx, press("main .sheet-block button"), until(`document.querySelectorAll(".kept li").length === 6`), press("main .empty button"), until(`document.querySelector("tbody tr")`))
}

// TestDecisionsWaitForTheConnectionInTheBrowser goes on deciding while there is no network: what is
// decided is kept and shown as waiting, a picture that is not read yet is neither judged nor called
// gone, and the service has every decision afterwards, but one that somebody else took first.
func TestDecisionsWaitForTheConnectionInTheBrowser(t *testing.T) {
	t.Parallel()
	consoleBuilt(t)
	ctx := openBrowser(t, true)
	dev := apptest.Client{T: t, Base: "http://" + apptest.FreeAddr(t)}
	apptest.Start(t, nil, "dev", "--data", filepath.Join(t.TempDir(), "state"), "--listen", strings.TrimPrefix(dev.Base, "http://"))
	dev.WaitReady()
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, image.NewGray(image.Rect(0, 0, 320, 240)), nil); err != nil {
		t.Fatal(err)
	}
	var items []any
	for i := range 5 {
		items = append(items, map[string]any{"filename": fmt.Sprintf("p%d.jpg", i+1)})
	}
	var j apptest.Job
	if code := dev.Call(http.MethodPost, "/v1/jobs", map[string]any{"presets": []string{"instagram_square"}, "items": items}, &j); code != http.StatusOK {
		t.Fatalf("create: %d", code)
	}
	for i, it := range j.Items {
		dev.Upload(j.JobID, it.ItemID, fmt.Sprintf("p%d.jpg", i+1), plain.Bytes())
	}
	dev.Wait(j.JobID)
	review := func(i int) string {
		var it struct{ Review struct{ State string } }
		if code := dev.Call(http.MethodGet, fmt.Sprintf("/v1/jobs/%s/items/%s", j.JobID, j.Items[i].ItemID), nil, &it); code != http.StatusOK {
			t.Fatalf("item %d: %d", i, code)
		}
		return it.Review.State
	}
	shows := func(name string) pageStep {
		return until(fmt.Sprintf(`document.querySelector("h1")?.textContent === %q && document.querySelector(".canvas img")?.naturalWidth > 100`, name))
	}
	const held = `JSON.parse(localStorage["opal.decisions"]).length`
	countCalls(t, ctx)
	inPage(t, ctx, chromedp.Navigate(fmt.Sprintf("%s/#/sets/%s/%s", dev.Base, j.JobID, j.Items[0].ItemID)), shows("p1.jpg"),
		until(`(window.still = window.calls <= 1 ? (window.still || 0) + 1 : 0) > 20`)) // those that come next are read
	connect(t, ctx, false)
	inPage(t, ctx, chromedp.KeyEvent("a"), shows("p2.jpg"), until(`document.querySelector(".notice.good")?.textContent.includes("p1.jpg. Waits for the connection") && `+held+` === 1`),
		chromedp.KeyEvent("a"), shows("p3.jpg"), until(held+` === 2`), chromedp.KeyEvent("r"), until(held+` === 3`))
	inPage(t, ctx, until(`document.querySelector("main .empty")?.textContent.includes("The service can't be reached")`), until(`document.querySelector("main").textContent.includes("3 decisions wait for the connection")`))
	holds(t, ctx, "no picture is called gone", `!document.querySelector("main").textContent.includes("There is no such picture")`)
	accessible(t, ctx, "a picture without a network")
	shoot(t, ctx, "picture-offline")
	inPage(t, ctx, chromedp.KeyEvent("a"))
	holds(t, ctx, "what is not shown is not judged", held+` === 3`)
	inPage(t, ctx, script(`location.hash = "#/sets/`+j.JobID+`"`), until(`[...document.querySelectorAll(".tile")].filter((x) => x.textContent.includes("Waits for the connection")).length === 3`))
	shoot(t, ctx, "sheet-offline")
	inPage(t, ctx, script(`history.back()`), until(`document.querySelector("main .empty")`))
	for i := range 3 {
		if got := review(i); got != "pending" {
			t.Errorf("p%d is %s before the connection is back", i+1, got)
		}
	}
	if code := dev.Call(http.MethodPost, fmt.Sprintf("/v1/jobs/%s/items/%s/reject", j.JobID, j.Items[0].ItemID), map[string]any{"note": "another's"}, nil); code/100 != 2 {
		t.Fatalf("somebody else's decision: %d", code)
	}
	connect(t, ctx, true)
	inPage(t, ctx, shows("p4.jpg"), until(held+` === 0 && document.querySelector(".notice.bad")?.textContent.includes("p1.jpg: Somebody else decided otherwise")`))
	for i, want := range []string{"rejected", "approved", "rejected", "pending"} {
		if got := review(i); got != want {
			t.Errorf("p%d is %s afterwards, not %s", i+1, got, want)
		}
	}
	inPage(t, ctx, press(".notice.bad button:not(.quiet)"), until(`document.querySelector("h1").textContent === "p1.jpg" && document.querySelector(".page-head .state.rejected")`))
	inPage(t, ctx, chromedp.Navigate(dev.Base+"/new"), until(`location.pathname + location.hash === "/#/new" && document.querySelector("h1")?.textContent === "New set"`),
		chromedp.Navigate(dev.Base+"/nosuch/page%25"), until(`document.querySelector("h1")?.textContent === "There is no page at this address" && document.querySelector("main code").textContent === "/nosuch/page%"`))
	accessible(t, ctx, "a wrong address")
	shoot(t, ctx, "nowhere")
	inPage(t, ctx, press("main .empty a"), until(`location.pathname + location.hash === "/#/" && document.querySelector(".set-row")`))
}

// TestWaitingDecisionsAreSentOnceInTheBrowser loads a page again while a decision waits, and has two tabs
// see the service come back: what waited is sent by one of them, once, and shown as decided by both.
func TestWaitingDecisionsAreSentOnceInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	d := newLikeDocument(t)
	var away atomic.Bool
	var sent, asked atomic.Int32
	away.Store(true)
	d.moves = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/approve") {
			return false
		}
		asked.Add(1)
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		sent.Add(1)
		time.Sleep(8 * time.Second) // longer than a tab waits before it asks again
		return false
	}
	page := standIn(t, d.ServeHTTP) + "/#/sets/" + aJob
	const held = `JSON.parse(localStorage["opal.decisions"]).length`
	const line = `document.querySelector("main").textContent.includes("1 decision waits for the connection")`
	inPage(t, ctx, chromedp.Navigate(page), until(`document.querySelector(".tile.look .tile-choose input")`), script(`document.querySelector(".tile.look .tile-choose input").click()`),
		until(`document.querySelector(".bar button.primary")`), press(".bar button.primary"), until(line+` && `+held+` === 1`))
	inPage(t, ctx, chromedp.Reload(), until(line))
	other, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	inPage(t, other, chromedp.Navigate(page), until(line))
	if n := asked.Load(); n < 2 {
		t.Errorf("asked %d times while the service is away: a page that is loaded again sends what waits", n)
	}
	away.Store(false)
	const none = `document.querySelector(".tile") && !document.querySelector("main").textContent.includes("decision waits")`
	inPage(t, ctx, until(none+` && `+held+` === 0`))
	inPage(t, other, until(none))
	if n := sent.Load(); n != 1 {
		t.Errorf("the decision was sent %d times", n)
	}
}
