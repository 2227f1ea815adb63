package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/billing/mollietest"
)

// secretSettings holds the secrets in the settings of this test's roles. The API
// gives out more.
var secretSettings = map[string]string{
	"AUTH_KEY_PEPPER":  "pepper-that-nobody-may-see-0123456789",
	"AML_ENDPOINT_KEY": "scoring-key-that-nobody-may-see",
	"SCORE_KEY":        "scoring-key-that-nobody-may-see",
	"MOLLIE_API_KEY":   mollietest.Key,
}

// databasePassword is part of the URL, though the tests' server asks for none.
const databasePassword = "database-password-nobody-may-see"

// TestLogsHoldNoSecrets uses every secret, in calls that succeed and that fail, at
// the most verbose level, and reads the logs of every role.
func TestLogsHoldNoSecrets(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	t.Parallel()
	exe, err := exec.LookPath("opal")
	if err != nil {
		t.Fatal(err)
	}
	mollie := mollietest.New()
	t.Cleanup(mollie.Close)
	env := []string{"LOG_LEVEL=debug", "AUTH_MODE=api-key", "MOLLIE_API_URL=" + mollie.URL}
	secrets := []string{databasePassword, "SAS_KEY_VALUE"}
	for name, value := range secretSettings {
		env = append(env, name+"="+value)
		secrets = append(secrets, value)
	}
	f, _, g := beginOn(t, exe, func(_, addr string) string { return addr }, env...)
	defer f.abandon()
	secrets = append(secrets, accountKey(t, g.blobs.ConnectionString()))
	f.api.WaitReady()
	key := strings.TrimSpace(opalSays(t, f, "tenants", "create", "acme") + opalSays(t, f, "keys", "create", "acme", "--scope", "read,write,admin"))
	key = key[strings.LastIndexByte(key, '\n')+1:]
	secrets = append(secrets, key)
	calls := 0
	do := func(method, path, key string, body any) (int, map[string]any) {
		t.Helper()
		calls++ // a key of its own for each call
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		code, answer, err := f.once(method, f.api.Base+path, fmt.Sprint("idempotency-key-", calls, "-of-", path), b, http.Header{"X-Api-Key": {key}, "Content-Type": {"application/json"}})
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		_ = json.Unmarshal(answer, &out)
		return code, out
	}
	signed := func(u any) string { // the signature that makes a URL a secret
		t.Helper()
		at, err := url.Parse(fmt.Sprint(u))
		if err != nil || at.Query().Get("sig") == "" {
			t.Fatalf("%v has no signature: %v", u, err)
		}
		secrets = append(secrets, at.Query().Get("sig"), url.QueryEscape(at.Query().Get("sig")))
		return fmt.Sprint(u)
	}

	// a key that the API made, and texts that are not keys
	_, made := do(http.MethodPost, "/v1/api-keys", key, map[string]any{"name": "second"})
	bad := key[:len(key)-4] + "AAAA"
	secrets = append(secrets, fmt.Sprint(made["api_key"]), bad)
	if code, _ := do(http.MethodGet, "/v1/jobs", bad, nil); code != http.StatusUnauthorized {
		t.Errorf("a bad key: %d", code)
	}

	// one photo that ends well, and a file that is not a photo
	code, job := do(http.MethodPost, "/v1/jobs", key, map[string]any{"presets": chaosPresets, "items": []any{map[string]any{"filename": "a.jpg"}, map[string]any{"filename": "b.jpg"}}})
	if code != http.StatusOK {
		t.Fatalf("create: %d %v", code, job)
	}
	jobID := fmt.Sprint(job["job_id"])
	for i, body := range [][]byte{apptest.Photo(t, 160, 120), []byte("no photo")} {
		ids := map[string]any{"job_id": jobID, "item_id": job["items"].([]any)[i].(map[string]any)["item_id"], "filename": "a.jpg"}
		_, sas := do(http.MethodPost, "/v1/uploads/sas", key, ids)
		u := signed(sas["upload_url"])
		wrong := strings.Replace(u, "sig=", "sig=AAAA", 1)
		for _, to := range []string{wrong, u} {
			if _, _, err := f.once(http.MethodPut, to, "", body, http.Header{"X-Ms-Blob-Type": {"BlockBlob"}}); err != nil {
				t.Fatal(err)
			}
		}
		do(http.MethodPost, "/v1/uploads/complete", key, ids)
	}
	// while it is worked on, what it needs goes away and comes back
	g.postgres.Kill()
	if err := g.postgres.Start(); err != nil {
		t.Fatal(err)
	}
	f.members["score"].kill()
	var got map[string]any
	first := job["items"].([]any)[0].(map[string]any)["item_id"]
	for deadline := time.Now().Add(apptest.JobPatience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if code, got = do(http.MethodGet, "/v1/jobs/"+jobID, key, nil); code == http.StatusOK && got["items"].([]any)[0].(map[string]any)["status"] == "completed" {
			break
		}
	}
	do(http.MethodPost, "/v1/jobs/"+jobID+"/cancel", key, nil)
	if code, download := do(http.MethodGet, fmt.Sprintf("/v1/downloads/%v", first), key, nil); code == http.StatusOK {
		signed(download["download_url"])
	} else {
		t.Errorf("no picture: %d %v", code, got)
	}

	// a purchase, and its webhook
	if code, bought := do(http.MethodPost, "/v1/billing/purchase", key, map[string]any{"package": "starter"}); code != http.StatusOK {
		t.Errorf("purchase: %d %v", code, bought)
	}
	for _, id := range mollie.IDs() {
		mollie.Set(id, "paid")
		if res, err := http.PostForm(f.api.Base+"/v1/mollie/webhook", url.Values{"id": {id}}); err == nil {
			_ = res.Body.Close()
		}
	}
	opalSays(t, f, "doctor")
	f.stop()

	logs := f.said()
	for _, known := range []string{jobID, "Item completed", "HTTP request"} {
		if !strings.Contains(logs, known) {
			t.Errorf("the logs don't even hold %q", known)
		}
	}
	for _, s := range secrets {
		if len(s) < 10 {
			t.Errorf("%q is too short to look for", s)
		}
		if at := strings.Index(logs, s); at >= 0 {
			t.Errorf("a secret is in the logs: …%s…", logs[max(0, at-200):min(len(logs), at+len(s)+50)])
		}
	}
}

// opalSays runs a command of the operators and returns its standard output.
func opalSays(t *testing.T, f *fleet, args ...string) string {
	t.Helper()
	cmd := exec.Command(f.exe, args...)
	cmd.Env = append(os.Environ(), f.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return out.String()
}

// said is everything that all processes wrote.
func (f *fleet) said() string {
	var b strings.Builder
	for _, m := range f.members {
		m.mu.Lock()
		all := slices.Clone(m.all)
		m.mu.Unlock()
		for _, p := range all {
			b.WriteString(p.Said())
		}
	}
	return b.String()
}

// accountKey takes the key out of a storage account's connection string.
func accountKey(t *testing.T, connection string) string {
	t.Helper()
	_, rest, ok := strings.Cut(connection, "AccountKey=")
	if !ok {
		t.Fatal("no account key")
	}
	key, _, _ := strings.Cut(rest, ";")
	return key
}
