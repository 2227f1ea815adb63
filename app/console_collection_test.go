package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestACollectionIsSharedAndSavedInPartsInTheBrowser has a large collection, for somebody who
// may not approve.
func TestACollectionIsSharedAndSavedInPartsInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, false)
	var shared atomic.Bool
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/session":
			fmt.Fprint(w, `{"mode":"api-key","signed_in":true,"sign_in":null,"tenant_id":"t","name":"maker","scopes":["write"],"expires_at":"2100-01-01T00:00:00Z"}`)
		case "GET /v1/collections/c":
			fmt.Fprintf(w, `{"collection_id":"c","tenant_id":"t","name":%q,"status":"completed","zip":"ready","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:00Z",
				"jobs":{"total":1,"open":0},"counts":{"total":1,"open":0,"completed":1,"failed":0,"cancelled":0,"open_exports":0,"done_exports":1,"failed_exports":0}}`, markup)
		case "GET /v1/downloads/collections/c/export":
			fmt.Fprint(w, `{"download_url":"/part/1","parts":[{"url":"/part/1","bytes":268435456},{"url":"/part/2","bytes":1000}]}`)
		case "GET /v1/shares":
			fmt.Fprint(w, `{"shares":[],"next_cursor":null}`)
		case "POST /v1/shares":
			shared.Store(strings.Contains(string(body), `"collection_id":"c"`) && strings.Contains(string(body), `"approve":false`))
			fmt.Fprint(w, `{"url":"https://opal.example/share#x"}`)
		case "GET /v1/jobs":
			fmt.Fprintf(w, `{"jobs":[%s],"next_cursor":null}`, summary("completed"))
		default:
			fmt.Fprint(w, `{"items":[],"next_cursor":null,"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	})
	inPage(t, ctx, chromedp.Navigate(url+"/#/collections/c"), press(".page-head .primary"), until(`document.querySelectorAll(".zip-parts a").length === 2 && document.querySelector(".set-row a")`))
	seen(t, ctx, "collection")
	inPage(t, ctx, press(".page-head .row button:nth-child(2)"), until(`document.querySelector("dialog input[name=approve]").disabled`), press("dialog button[type=submit]"), until(`document.querySelector("dialog .secret")?.value.endsWith("#x")`))
	if !shared.Load() {
		t.Error("the link is not one of the collection without approval")
	}
}
