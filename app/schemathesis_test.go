package app_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// probeByTheDocument has schemathesis make calls of the OpenAPI document, valid ones and
// others, against a running API: no answer may be a 500, have a status, a header or a
// type that the document doesn't name, or break its schema. The calls are the same in
// each run. OPAL_SCHEMATHESIS=10m asks for others, of every kind, for so long.
func probeByTheDocument(t *testing.T, address string) {
	program, err := filepath.Abs("../.build/schemathesis/bin/schemathesis")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) {
		const text = "schemathesis is missing: run sh .ci/test-dependencies"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	args := []string{
		"run", address + "/openapi.json", "--url", address, "--no-color", "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off",
		"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance",
		"--request-timeout", "120", "--workers", "1", // Python 3.11 counts the depth of ast.parse over all threads together, and fails now and then
		"--exclude-operation-id", "jobEvents", // it does not end
		"--exclude-operation-id", "purchase", "--exclude-operation-id", "refundPayment", // there is no payment provider
	}
	bound := 10 * time.Minute
	if long, err := time.ParseDuration(os.Getenv("OPAL_SCHEMATHESIS")); err == nil {
		bound += 2 * long
		args = append(args, "--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--max-examples", "1000", "--max-time", strconv.Itoa(int(long.Seconds())))
	} else {
		args = append(args, "--phases", "examples,fuzzing", "--max-examples", "2", "--generation-deterministic", "--no-shrink")
	}
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = t.TempDir()
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, b)
	}
	t.Logf("%s", b[max(0, len(b)-shownOfRun):])
}

// shownOfRun bounds what is logged of a run that found nothing, in bytes.
const shownOfRun = 1500
