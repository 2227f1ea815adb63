package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/app/apptest"
)

// textsOf reads the console's texts in a language, by their keys.
func textsOf(t *testing.T, language string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "modules", "console", "src", "words", language+".ts"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`"((?:[^"\\]|\\.)+)":\s*("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(string(b), -1) {
		text, err := strconv.Unquote(m[2])
		if err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		all[m[1]] = text
	}
	return all
}

// german holds a page to German: no line of it is an English text of the console's.
func german(t *testing.T, ctx context.Context, what string, english map[string]bool) {
	t.Helper()
	lines, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.body.innerText.split("\n"), ...[...document.querySelectorAll("[aria-label], [title], [placeholder]")].flatMap((e) => ["aria-label", "title", "placeholder"].map((a) => e.getAttribute(a) ?? ""))].flatMap((l) => [l, ...l.split(" · ")]).map((l) => l.trim())`))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if english[l] {
			t.Errorf("%s says %q", what, l)
		}
	}
	holds(t, ctx, what+" is marked as German", `document.documentElement.lang === "de"`)
}

// TestTheWholeWayInGermanInTheBrowser goes from the sample to a ZIP in German: nothing on the
// way is said in English.
func TestTheWholeWayInGermanInTheBrowser(t *testing.T) {
	t.Parallel()
	consoleBuilt(t)
	ctx := openBrowser(t, true)
	dev := apptest.Client{T: t, Base: "http://" + apptest.FreeAddr(t)}
	apptest.Start(t, nil, "dev", "--data", filepath.Join(t.TempDir(), "state"), "--listen", strings.TrimPrefix(dev.Base, "http://"))
	dev.WaitReady()
	own := textsOf(t, "de")
	english := map[string]bool{}
	for key, en := range textsOf(t, "en") {
		for _, form := range strings.Split(en, "|") {
			if form != "" && !strings.Contains(form, "{") && !strings.Contains("|"+own[key]+"|", "|"+form+"|") {
				english[form] = true
			}
		}
	}
	for _, same := range own { // words that German has, too
		delete(english, same)
	}
	if len(english) < 300 {
		t.Fatalf("%d English texts", len(english))
	}
	inPage(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(dev.Base+"/"), until(`document.querySelector(".language select")`),
		script(`{ const s = document.querySelector(".language select"); s.value = "de"; s.dispatchEvent(new Event("change", {bubbles: true})); }`), until(`document.documentElement.lang === "de" && document.querySelector(".empty h2")`))
	german(t, ctx, "home", english)
	inPage(t, ctx, press("#sample"), until(`document.querySelectorAll(".photo").length === 1 && document.querySelectorAll(".scene-card").length === 8`), until(`document.querySelector(".bar p")?.textContent.includes("1 Foto")`))
	german(t, ctx, "a new set", english)
	accessible(t, ctx, "a new set in German")
	inPage(t, ctx, press("#make"), until(`document.querySelector(".tile")`))
	german(t, ctx, "a set in work", english)
	inPage(t, ctx, until(`document.querySelector(".tile.done, .tile.look")`), until(`document.querySelector(".page-head .primary").disabled === false`))
	german(t, ctx, "a finished set", english)
	inPage(t, ctx, script(`location.hash = document.querySelector(".tile [data-main]").hash`), until(`document.querySelectorAll(".variants > li").length > 3 && document.querySelector(".canvas img")?.naturalWidth > 100`))
	for i, tab := range []string{"sizes", "adjust", "cutout", "history"} {
		inPage(t, ctx, press(fmt.Sprintf(".tabs button:nth-child(%d)", i+1)), until(fmt.Sprintf(`document.querySelector(".tabs button:nth-child(%d)").ariaPressed === "true"`, i+1)))
		german(t, ctx, "a picture's "+tab, english)
		fits(t, ctx, "a picture's "+tab+" in German")
	}
	inPage(t, ctx, script(`document.activeElement.blur()`), chromedp.KeyEvent("a"), until(`document.querySelector(".tile.approved") && document.querySelector(".notice.good")`))
	german(t, ctx, "an approved picture", english)
	saves := saveTo(t, ctx)
	inPage(t, ctx, press(".page-head .primary"), until(`document.querySelectorAll("dialog .zip-choice").length === 3`))
	german(t, ctx, "what a ZIP holds", english)
	inPage(t, ctx, press("dialog .zip-choice:nth-of-type(2)"))
	saved(t, saves, map[string]string{"1 Bild-freigegeben.zip": "PK"})
}
