package app_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
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
