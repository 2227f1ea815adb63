package app_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/api/issuertest"
)

// arrives waits for an expression to hold on a page that the browser is on its way to; until
// ends with the page on which it began.
func arrives(expression string) pageStep {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			there, err := chromedp.Evaluate[bool]("(() => { try { return Boolean("+expression+"); } catch { return false; } })()")(ctx, target)
			if err == nil && there {
				return nil
			}
			if ctx.Err() != nil || time.Now().After(end) {
				return fmt.Errorf("the browser does not arrive where %s holds: %w", expression, errors.Join(err, ctx.Err()))
			}
		}
	})
}

// TestSignInWithTheIssuerInTheBrowser goes the whole way of a person whose company has an
// issuer: to a page, to the issuer, back to that page, and out again.
func TestSignInWithTheIssuerInTheBrowser(t *testing.T) {
	t.Parallel()
	consoleBuilt(t)
	ctx := openBrowser(t, true)
	issuer := issuertest.New(t)
	issuer.Page = true
	issuer.Claims["name"], issuer.Claims["roles"] = "Ada "+markup, []string{"it"}
	dir, addr := t.TempDir(), apptest.FreeAddr(t)
	env := []string{
		"ENV_NAME=dev", "DATABASE_URL=sqlite:///" + filepath.Join(dir, "opal.db"), "STORAGE_DIR=" + filepath.Join(dir, "blobs"), "STORAGE_URL_KEY=0123456789abcdef", "SCORE_KEY=k", "AML_ENDPOINT_URL=http://127.0.0.1:1/score", "AML_ENDPOINT_KEY=k",
		"PUBLIC_BASE_URL=http://" + addr, "AUTH_MODE=oidc", "AUTH_ISSUER=" + issuer.URL, "AUTH_AUDIENCE=opal", "AUTH_KEY_PEPPER=a pepper that is long enough", "AUTH_ROLES=it=admin,makers=make", "AUTH_CLIENT_ID=" + issuertest.ClientID, "AUTH_CLIENT_SECRET=" + issuertest.ClientSecret,
	}
	for _, command := range [][]string{{"migrate"}, {"tenants", "create", "t1"}} {
		if err := apptest.Run(env, command...); err != nil {
			t.Fatal(err)
		}
	}
	apptest.Start(t, env, "serve-api", "--listen", addr)
	at := "http://" + addr
	apptest.Client{T: t, Base: at}.WaitReady()

	outside := arrives(`document.querySelector(".door a.primary") && !document.querySelector(".page-head")`)
	inside := arrives(`location.hash === "#/keys" && document.querySelector(".empty") && document.querySelector(".who")`)
	inPage(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(at+"/#/keys"), outside)
	seen(t, ctx, "sign-in")
	inPage(t, ctx, chromedp.EmulateViewport(1280, 900), press(".door a.primary"), arrives(`document.querySelector("#allow")`), press("#allow"), inside)
	holds(t, ctx, "the name is text", `document.querySelector(".who").textContent.includes("<img") && !document.querySelector(".who img")`)
	holds(t, ctx, "scripts see no credentials", `document.cookie === "" && sessionStorage.length === 0 && !JSON.stringify(localStorage).includes("opal_")`)
	shoot(t, ctx, "signed-in")

	// A session that ends in the middle of work leaves the page as it is, and a sign-in leads back to it.
	inPage(t, ctx, fill("input[name=name]", "half a name"), script(`void fetch("/v1/session", {method: "DELETE"}).then(() => { window.out = true; })`), until(`window.out`),
		press("form[aria-labelledby=keys-new] button.primary"), until(`document.querySelector("dialog a.primary")`))
	holds(t, ctx, "what was typed stays", `document.querySelector("input[name=name]").value === "half a name"`)
	accessible(t, ctx, "sign in again")
	inPage(t, ctx, press("dialog a.primary"), arrives(`document.querySelector("#allow")`), press("#allow"), inside)

	// Out, with the issuer too.
	inPage(t, ctx, press(".who button"), outside)
	if issuer.SignedOut() != 1 {
		t.Errorf("the issuer's session was ended %d times", issuer.SignedOut())
	}
	issuer.Claims["roles"] = []string{"guests"}
	inPage(t, ctx, press(".door a.primary"), arrives(`document.querySelector("#allow")`), press("#allow"), outside, until(`document.querySelector(".door .bad-text")?.textContent.includes("no role")`))
	accessible(t, ctx, "a refused sign-in")
}

// sharePages goes the way of a share link, from a contact sheet: made, opened by a guest in
// another browser, who approves by keyboard and comments, looked up and ended. The sheet is
// open again at its end.
func sharePages(t *testing.T, ctx context.Context, base string) {
	t.Helper()
	share := `.page-head .row button:has(path[d^="M8 12a3"])`
	inPage(t, ctx, script(`window.sheet = location.hash`), press(share), until(`document.querySelector("dialog input[name=days]")`))
	accessible(t, ctx, "the dialog of share links")
	inPage(t, ctx, fill("dialog input[name=name]", "Look "+markup), script(`document.querySelector("dialog input[name=download]").click()`), press("dialog button.primary"), until(`document.querySelector("dialog input.secret")?.value.includes("/share#")`))
	accessible(t, ctx, "a share link that is shown once")
	shoot(t, ctx, "share-dialog")
	url, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("dialog input.secret").value`))
	if err != nil {
		t.Fatal(err)
	}
	guest := openBrowser(t, true)
	inPage(t, guest, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(url), until(`document.querySelector(".guest-canvas img")?.naturalWidth > 400 && document.querySelector(".guest-strip img")?.naturalWidth > 100`))
	holds(t, guest, "a name is text", `document.querySelector("h1").textContent.includes("<img") && document.title !== "owned"`)
	holds(t, guest, "nothing of the console is there", `!document.querySelector(".rail")`)
	seen(t, guest, "guest")
	current := func(state string) pageStep {
		return until(`document.querySelector(".guest-strip li.` + state + ` [aria-current=true]")`)
	}
	// without a name nothing is decided; what is pressed next is no part of it
	inPage(t, guest, chromedp.EmulateViewport(1440, 900), chromedp.KeyEvent("a"), until(`document.querySelector(".notice.bad")?.textContent.includes("who you are") && document.activeElement.id !== "guest-name"`),
		press(".notice.bad button:not(.quiet)"), until(`document.activeElement.id === "guest-name" && document.activeElement.value === ""`), fill("#guest-name", "Grace "+markup), script(`document.activeElement.blur()`),
		chromedp.KeyEvent("a"), current("approved"), chromedp.KeyEvent("r"), current("rejected"),
		fill("textarea", markup+"\nbrighter"), press("form button[type=submit]"), until(`document.querySelector(".comments .said")?.textContent.includes("brighter")`))
	holds(t, guest, "a comment is text", `document.title !== "owned" && document.querySelectorAll(".guest img").length === document.querySelectorAll(".guest-canvas img, .guest-strip img").length`)
	shoot(t, guest, "guest-commented")
	saves := saveTo(t, guest)
	inPage(t, guest, press(`.guest-one .panel .row:not(.guest-judge, .end) button`))
	saved(t, saves, map[string]string{"?*-?*.*": ""}) // the product and its scene: the store's own name says neither

	inPage(t, ctx, press("dialog .end .primary"), until(`!document.querySelector("dialog")`), press(share), until(`document.querySelector("dialog .comments button[aria-expanded]")`),
		press("dialog .comments button[aria-expanded]"), until(`document.querySelectorAll("dialog .history li").length >= 4 && document.querySelector("dialog .history").textContent.includes("Grace <img")`))
	accessible(t, ctx, "the log of a share link")
	holds(t, ctx, "the log names the picture", `document.querySelector("dialog .history a[href*='/sets/']").textContent.length > 3`)
	inPage(t, ctx, press("dialog .comments button:not([aria-expanded])"), press("dialog .danger"), until(`!document.querySelector("dialog .comments") && document.querySelector("dialog [role=status]").textContent.includes("ended")`), script(`document.querySelector("dialog").close()`), until(`!document.querySelector("dialog")`))
	// back at the set one sees on the tiles who decided, and that somebody wrote
	inPage(t, ctx, script(`dispatchEvent(new Event("focus"))`), until(`[...document.querySelectorAll(".tile .state.rejected")].some((s) => s.textContent.includes("Grace")) && document.querySelector(".tile .talk")?.textContent === "1"`))
	accessible(t, ctx, "what guests decided")
	shoot(t, ctx, "sheet-decided")
	inPage(t, guest, chromedp.Reload(), until(`document.querySelector(".empty")?.textContent.includes("ended")`))
	accessible(t, guest, "a link that has ended")
	inPage(t, guest, chromedp.Navigate("about:blank"), chromedp.Navigate(base+"/share#wrong"), until(`document.querySelector(".empty")?.textContent.includes("not valid")`))
}
