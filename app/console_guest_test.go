package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/opal-photo/opal/modules/sample"
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

// guestItem is a picture of a share link's page.
func guestItem(id, review string) string {
	return fmt.Sprintf(`{"item_id":%q,"filename":%q,"title":null,"sku":"MUG-%s","scene_type":"kitchen","review":%q,"note":"","updated_at":"2026-01-01T00:00:00Z"}`, id, id+".jpg", id, review)
}

// TestAGuestDecidesAndSavesInTheBrowser has a guest decide by keyboard: not before there is a
// name, of which the next key is no part; save a picture under a name that says what it is; see
// what the owner decides meanwhile, and hear of a decision that came a moment after another.
func TestAGuestDecidesAndSavesInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	photo, err := sample.JPEG(64)
	if err != nil {
		t.Fatal(err)
	}
	reviews, asked := sync.Map{}, atomic.Int64{}
	first := atomic.Value{}
	first.Store("")
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		of := func(id string) string { v, _ := reviews.LoadOrStore(id, "none"); return guestItem(id, v.(string)) }
		switch at := r.URL.Path; {
		case at == "/v1/guest":
			fmt.Fprint(w, `{"name":"Spring","comment":true,"approve":true,"download":true,"expires_at":"2036-01-01T00:00:00Z"}`)
		case at == "/v1/guest/items":
			fmt.Fprintf(w, `{"items":[%s,%s],"next_cursor":null,"as_of":"2026-01-01T00:00:0%dZ"}`, of("i1"), of("i2"), min(9, asked.Add(1)))
			if since := r.URL.Query().Get("changed_since"); asked.Load() > 1 && since == "" {
				t.Error("all pictures are asked for again")
			}
		case strings.HasSuffix(at, "/comments"):
			fmt.Fprint(w, `{"comments":[]}`)
		case strings.HasSuffix(at, "/decision"):
			var body struct{ Name, Decision, Seen string }
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Name != "Grace" {
				t.Errorf("%+v, %v", body, err)
			}
			id := strings.Split(at, "/")[4]
			if first.Swap("") == id { // the owner was a moment earlier
				reviews.Store(id, "rejected")
			}
			if now, _ := reviews.Load(id); now != "none" && now != body.Seen {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusConflict)
				fmt.Fprint(w, `{"code":"decided_meanwhile","detail":"Somebody else has decided otherwise","correlation_id":"c"}`)
				return
			}
			reviews.Store(id, body.Decision)
			fmt.Fprint(w, of(id))
		case strings.HasSuffix(at, "/download"):
			fmt.Fprintf(w, `{"download_url":"http://%s/raw/con.png?sig=1"}`, r.Host)
		default: // pictures
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write(photo)
		}
	})
	inPage(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(url+"/share#token"), until(`document.querySelectorAll(".guest-strip img").length === 2 && document.querySelector(".guest-canvas img")`),
		chromedp.KeyEvent("a"), until(`document.querySelector(".notice.bad")?.textContent.includes("who you are")`))
	accessible(t, ctx, "a guest without a name")
	shoot(t, ctx, "guest-nameless")
	inPage(t, ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	fits(t, ctx, "a guest without a name on a phone")
	shoot(t, ctx, "guest-nameless-390")
	holds(t, ctx, "what is told covers no button", `document.querySelector(".notice").getBoundingClientRect().bottom <= document.querySelector(".guest-judge").getBoundingClientRect().top`)
	inPage(t, ctx, chromedp.EmulateViewport(1440, 900))
	holds(t, ctx, "the next key is no name", `document.activeElement.id !== "guest-name"`)
	inPage(t, ctx, press(".notice.bad button:not(.quiet)"), until(`document.activeElement.id === "guest-name" && document.activeElement.value === ""`), chromedp.KeyEvent("Grace"), until(`document.activeElement.value === "Grace"`),
		// Enter takes the name, and what was begun without one is carried out
		chromedp.KeyEvent(kb.Enter), until(`document.querySelector(".guest-strip li:first-child").matches(".approved") && !document.querySelector(".notice.bad") && document.querySelector(".guest-strip li:last-child [aria-current=true]")`))
	holds(t, ctx, "keys act on pictures again", `document.activeElement.id === "main"`)
	saves := saveTo(t, ctx)
	inPage(t, ctx, press(".guest-one .panel .row:not(.guest-judge, .end) button"))
	saved(t, saves, map[string]string{"MUG-i2-kitchen.png": "\xff\xd8"})
	// the owner undoes what the guest decided: seen without a reload, and told
	reviews.Store("i1", "rejected")
	inPage(t, ctx, until(`document.querySelector(".guest-strip li:first-child").matches(".rejected") && document.querySelector(".notice.good")?.textContent.includes("MUG-i1: Rejected now")`))
	first.Store("i2")
	inPage(t, ctx, chromedp.KeyEvent("a"), until(`document.querySelector(".notice.bad")?.textContent.includes("a moment before") && document.querySelector(".guest-strip li:last-child").matches(".rejected")`))
	shoot(t, ctx, "guest-late")
	inPage(t, ctx, chromedp.KeyEvent("a"), until(`document.querySelector(".guest-strip li:last-child").matches(".approved") && !document.querySelector(".notice.bad")`))
}

// TestWordsComeInAnyOrderInTheBrowser opens a guest's page while one of the files that have its
// words is late.
func TestWordsComeInAnyOrderInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	url := standIn(t, newLikeDocument(t).ServeHTTP)
	for _, late := range []string{"/assets/en-", "/assets/guest_en-", "/assets/guest-"} {
		inPage(t, ctx, chromedp.Navigate(url+"/v1/guest"), script(`document.cookie = "late=`+late+`; path=/"`), chromedp.Navigate(url+"/share#token"), arrives(`document.querySelector(".guest-judge")`))
		holds(t, ctx, late+" is late", `!/\b(guest|picture|state)\.[a-z]+/.test(document.body.innerText) && document.body.innerText.includes("Your name") && document.body.innerText.includes("Approve")`)
	}
}
