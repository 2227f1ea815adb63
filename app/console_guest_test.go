package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAGuestWaitsWhereTheRateIsUsedUpInTheBrowser has a share link whose calls are refused for a
// while: the guest's page waits as it is told, then says so, and goes on when it is asked to.
func TestAGuestWaitsWhereTheRateIsUsedUpInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	var refuses, calls atomic.Int64
	refuses.Store(2)
	d := newLikeDocument(t)
	d.moves = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/v1/guest") {
			return false
		}
		calls.Add(1)
		if refuses.Add(-1) < 0 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"code":"rate_limited","detail":"Too many calls","correlation_id":"c"}`)
		return true
	}
	url := standIn(t, d.ServeHTTP)
	inPage(t, ctx, chromedp.Navigate(url+"/share#token"), until(`document.querySelector(".guest-canvas img")?.naturalWidth > 0`))
	if calls.Load() < 4 {
		t.Errorf("%d calls", calls.Load())
	}
	refuses.Store(1000)
	inPage(t, ctx, chromedp.Reload(), until(`document.querySelector(".empty button")`))
	accessible(t, ctx, "a guest who called too often")
	holds(t, ctx, "it is said in plain words", `document.querySelector(".empty").textContent.includes("Much is going on")`)
	refuses.Store(0)
	inPage(t, ctx, press(".empty button"), until(`document.querySelector(".guest-canvas img")?.naturalWidth > 0`))
}
