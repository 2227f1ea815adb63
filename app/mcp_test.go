package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	_ "image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/app/apptest"
)

// agentsUse drives a running opal dev as agents do: with the SDK's client over HTTP and
// over standard input and output, and with the inspector's command line.
func agentsUse(t *testing.T, api string) {
	photos, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	photo := filepath.Join(photos, "mug.jpg")
	if err := apptest.WritePhoto(photo, 160, 120, 9); err != nil {
		t.Fatal(err)
	}
	exe, err := exec.LookPath("opal")
	if err != nil {
		t.Fatal(err)
	}
	stdio := func(args ...string) *exec.Cmd {
		return exec.Command(exe, append([]string{"mcp", "--api", api, photos}, args...)...)
	}
	t.Run("over HTTP", func(t *testing.T) {
		s := agent(t, &sdk.StreamableClientTransport{Endpoint: api + "/mcp", DisableStandaloneSSE: true})
		var made struct {
			JobID string `json:"job_id"`
			Items []struct {
				ItemID    string `json:"item_id"`
				UploadURL string `json:"upload_url"`
			}
		}
		ask(t, s, "create_pictures", map[string]any{"presets": []string{"shopify"}, "items": []any{map[string]any{"filename": "mug.jpg", "scene_types": []string{"studio"}}}}, &made)
		b, err := os.ReadFile(photo)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, made.Items[0].UploadURL, bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("x-ms-blob-type", "BlockBlob")
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusCreated {
			t.Fatalf("%v, %v", res, err)
		}
		_ = res.Body.Close()
		ask(t, s, "start_job", map[string]any{"job_id": made.JobID}, nil)
		finish(t, s, made.JobID)
		seen := ask(t, s, "look", map[string]any{"job_id": made.JobID, "item_id": made.Items[0].ItemID}, nil)
		pic, ok := seen.Content[1].(*sdk.ImageContent)
		if !ok {
			t.Fatalf("%+v", seen.Content)
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(pic.Data))
		if err != nil || max(c.Width, c.Height) > 1024 {
			t.Errorf("%dx%d, %v", c.Width, c.Height, err)
		}
		var checked struct {
			Variants []struct{ Channel string }
		}
		ask(t, s, "check", map[string]any{"job_id": made.JobID, "channel": "shopify"}, &checked)
		if len(checked.Variants) != 1 || checked.Variants[0].Channel != "Shopify" {
			t.Errorf("%+v", checked)
		}
		var files struct {
			Files []struct{ URL string }
		}
		ask(t, s, "download", map[string]any{"job_id": made.JobID}, &files)
		if len(files.Files) != 1 || !strings.HasPrefix(files.Files[0].URL, api) {
			t.Errorf("%+v", files)
		}
	})
	t.Run("over standard input and output", func(t *testing.T) {
		s := agent(t, &sdk.CommandTransport{Command: stdio("--out", out)})
		var made struct {
			JobID string `json:"job_id"`
		}
		ask(t, s, "create_pictures", map[string]any{"presets": []string{"shopify"}, "items": []any{map[string]any{"file": "mug.jpg", "scene_types": []string{"studio"}}}}, &made)
		finish(t, s, made.JobID)
		ask(t, s, "download", map[string]any{"job_id": made.JobID}, nil)
		if _, err := os.Stat(filepath.Join(out, "mug-shopify.jpg")); err != nil {
			t.Error(err)
		}
	})
	t.Run("by the inspector", func(t *testing.T) {
		cli, err := filepath.Abs("../modules/client/mcp/node_modules/.bin/mcp-inspector")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(cli); err != nil {
			if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
				t.Fatalf("sh .ci/test-dependencies installs it: %v", err)
			}
			t.Skip("sh .ci/test-dependencies installs the inspector")
		}
		for name, target := range map[string][]string{
			"standard input": append([]string{exe}, stdio("--read-only").Args[1:]...), "HTTP": {api + "/mcp", "--transport", "http"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b, err := exec.CommandContext(t.Context(), cli, append(append([]string{"--cli"}, target...), "--method", "tools/call", "--tool-name", "choices")...).CombinedOutput()
				if err != nil || !bytes.Contains(b, []byte("amazon_main")) {
					t.Errorf("%v, %.1000s", err, b)
				}
			})
		}
	})
}

func agent(t *testing.T, over sdk.Transport) *sdk.ClientSession {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(stop)
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(ctx, over, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// ask calls a tool and decodes its answer.
func ask(t *testing.T, s *sdk.ClientSession, name string, args map[string]any, into any) *sdk.CallToolResult {
	t.Helper()
	res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	if res.IsError {
		t.Fatalf("%s: %s", name, res.Content[0].(*sdk.TextContent).Text)
	}
	if into != nil {
		b, err := json.Marshal(res.StructuredContent)
		if err == nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return res
}

func finish(t *testing.T, s *sdk.ClientSession, jobID string) {
	t.Helper()
	for range 20 {
		var state struct {
			Ended  bool
			Status string
		}
		ask(t, s, "wait_for_job", map[string]any{"job_id": jobID, "seconds": 30}, &state)
		if state.Ended {
			if state.Status != "completed" {
				t.Fatalf("the job is %s", state.Status)
			}
			return
		}
	}
	t.Fatal("the job has not ended")
}
