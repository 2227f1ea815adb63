package app_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const aJob, anItem = "0198f7a0-0000-7000-8000-000000000001", "0198f7a0-0000-7000-8000-000000000011"

// place is a page of the console. Its parts are what is pressed on it, one after another.
type place struct {
	name, at string
	parts    []string
}

// places are all pages; TestEveryPageIsAmongThem holds them to the console's own list.
var places = []place{
	{name: "home"}, {name: "new", at: "new"}, {name: "library", at: "library"}, {name: "collections", at: "collections"}, {name: "collection", at: "collections/c1"}, {name: "imports", at: "imports"}, {name: "import", at: "imports/i1"},
	{name: "brands", at: "brands"}, {name: "brand", at: "brands/acme"}, {name: "brand-new", at: "brands/new"}, {name: "plates", at: "plates"}, {name: "plate", at: "plates/p1"},
	{name: "usage", at: "usage"}, {name: "keys", at: "keys"}, {name: "webhooks", at: "webhooks"}, {name: "webhook", at: "webhooks/w1", parts: []string{".log summary"}}, {name: "deletions", at: "deletions"}, {name: "operations", at: "operations"},
	{name: "sheet", at: "sets/" + aJob, parts: []string{".bar button"}},
	{name: "picture", at: "sets/" + aJob + "/" + anItem, parts: []string{".tabs button:nth-child(2)", ".tabs button:nth-child(3)", ".tabs button:nth-child(4)"}},
}

// countCalls has the pages that are loaded from now on count the calls that wait for an answer.
func countCalls(t *testing.T, ctx context.Context) {
	t.Helper()
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `{ const send = window.fetch; window.calls = 0; window.fetch = (...a) => { window.calls++; return send(...a).finally(() => { window.calls--; }); }; }`,
	}); err != nil {
		t.Fatal(err)
	}
}

// settled waits until the page has read what it shows: it waits for no answer, and its text
// stands still.
func settled(p place, state string) pageStep {
	steps := fmt.Sprintf(`location.hash === "#/%s" && document.querySelector("main h1, main h2")`, p.at)
	if state == "loading" {
		steps = fmt.Sprintf(`location.hash === "#/%s" && document.querySelector("main").innerText.length > 0`, p.at)
	} else {
		steps += ` && window.calls === 0 && !document.querySelector("main .loading:not(:has(button))") && [...document.images].every((i) => i.complete)`
	}
	return until(`(` + steps + `) && (window.still = window.lastText === document.body.innerText ? (window.still || 0) + 1 : 0, window.lastText = document.body.innerText, window.still > 1)`)
}

// screenshots reports whether go test is asked for pictures: then every state is gone through.
func screenshots() bool {
	kept := flag.Lookup("test.artifacts")
	return kept != nil && kept.Value.String() == "true"
}

// media sets what the page hears of the person's wishes.
func media(name, value string) pageStep {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
		return err
	})
}

// shootAll keeps a page at three widths in both schemes.
func shootAll(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if !screenshots() {
		return
	}
	for _, look := range []string{"light", "dark"} {
		for _, size := range []struct{ w, h int64 }{{390, 844}, {820, 1180}, {1440, 900}} {
			var mobile []chromedp.EmulateViewportOption
			if size.w == 390 {
				mobile = append(mobile, chromedp.EmulateMobile)
			}
			inPage(t, ctx, chromedp.EmulateViewport(size.w, size.h, mobile...), scheme(look))
			fits(t, ctx, fmt.Sprintf("%s at %d px", name, size.w))
			shoot(t, ctx, fmt.Sprintf("%s-%d-%s", name, size.w, look))
		}
	}
	inPage(t, ctx, scheme("light"), chromedp.EmulateViewport(1440, 900))
}

func TestEveryPageIsAmongThem(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "modules", "console", "src", "app.tsx"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`case "([a-z]+)": return`).FindAllStringSubmatch(string(b), -1) {
		if !slices.ContainsFunc(places, func(p place) bool { return strings.Split(p.at, "/")[0] == found[1] }) {
			t.Errorf("the page %s is in no row of places: nothing looks at it", found[1])
		}
	}
}

// focusWalk gives the focus to everything that takes it, one after another, as the tabulator
// key does: each shows a ring, and nothing lies over it.
func focusWalk(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	inPage(t, ctx, chromedp.KeyEvent(kb.Tab)) // a ring is drawn for people who use the keyboard
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(() => {
		const found = [], was = document.activeElement, name = (e) => e.outerHTML.slice(0, 120);
		for (const e of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
			if (e.disabled || e.tabIndex < 0 || !e.checkVisibility()) continue;
			e.focus();
			if (document.activeElement !== e) { found.push("takes no focus: " + name(e)); continue; }
			const ringed = [e, e.parentElement, e.nextElementSibling].some((x) => { const s = x && getComputedStyle(x); return s && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none"); });
			if (!ringed) found.push("has no ring: " + name(e));
			const r = e.getBoundingClientRect(), over = new Set();
			const seen = [[.5, .5], [.1, .1], [.9, .9], [.1, .9], [.9, .1]].some(([x, y]) => {
				const at = document.elementFromPoint(r.left + r.width * x, r.top + r.height * y);
				if (at && (e.contains(at) || e.closest("label")?.contains(at))) return true;
				over.add(at ? at.className || at.tagName : "nothing");
				return false;
			});
			if (!seen) found.push("lies under " + [...over] + ": " + name(e) + JSON.stringify(r));
		}
		was?.focus?.();
		scrollTo(0, 0);
		return found.slice(0, 12).join("\n");
	})()`))
	if err != nil || text != "" {
		t.Errorf("%s: what has the focus is not seen (%v):\n%s", name, err, text)
	}
}

// TestEveryPageInTheBrowser opens each page with each of its parts while every text that
// people, products and engines give is markup, and holds it to WCAG and to the width of a
// phone. With -artifacts it goes through every state of the service and keeps pictures.
func TestEveryPageInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	d := *newLikeDocument(t)
	countCalls(t, ctx)
	var c current
	c.become(d, func(d *likeDocument) { d.spoiled = true })
	url := standIn(t, c.ServeHTTP)
	desktop, phone := chromedp.EmulateViewport(1440, 900), chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)
	each := func(state string, look func(p place, part string)) {
		inPage(t, ctx, desktop, chromedp.Navigate("about:blank"), chromedp.Navigate(url+"/#/"+places[0].at))
		for _, p := range places {
			inPage(t, ctx, script(fmt.Sprintf(`location.hash = "#/%s"; window.still = 0; window.lastText = ""`, p.at)), settled(p, state))
			look(p, "")
			if state != "full" {
				continue
			}
			for i, part := range p.parts {
				inPage(t, ctx, press(part), settled(p, state))
				look(p, fmt.Sprintf("-%d", i+1))
			}
		}
	}
	each("full", func(p place, part string) {
		name := p.name + part
		if part == "" && slices.Contains([]string{"sheet", "home", "picture"}, p.name) { // nothing moves for people who ask for that
			inPage(t, ctx, media("prefers-reduced-motion", "reduce"))
			holds(t, ctx, name+" stands still", `document.getAnimations().length === 0 && [...document.querySelectorAll("*")].every((e) => { const s = getComputedStyle(e); return s.animationName === "none" && s.transitionDuration.split(", ").every((d) => d === "0s"); })`)
			inPage(t, ctx, media("prefers-reduced-motion", "no-preference"))
		}
		holds(t, ctx, name+" keeps texts texts", `document.title !== "owned" && !document.querySelector("img[src=x]") && !document.querySelector("b")`)
		accessible(t, ctx, name)
		focusWalk(t, ctx, name)
		inPage(t, ctx, phone)
		fits(t, ctx, name+" on a phone, its texts without spaces")
		accessible(t, ctx, name+" on a phone") // what scrolls there only, has to be reached by keyboard there, too
		inPage(t, ctx, desktop)
	})
	for _, state := range serviceStates {
		if !screenshots() && state != "empty" && state != "refused" {
			continue
		}
		c.become(d, func(d *likeDocument) { d.state = state })
		each(state, func(p place, part string) {
			name := fmt.Sprintf("%s%s-%s", p.name, part, strings.ReplaceAll(state, " ", "-"))
			if state == "refused" {
				holds(t, ctx, name+" says so", `document.querySelector(".notice.bad, .empty, .bad-text") || document.querySelector("#make")`)
			}
			if screenshots() {
				accessible(t, ctx, name)
				shootAll(t, ctx, name)
			}
		})
	}
}
