package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/config"
)

// predecessor is v0.2.1's environment, names and values as they were.
var predecessor = []string{
	"ENV_NAME=dev", "DATABASE_URL=postgresql+psycopg://opal:pw@db:5432/opal", "STORAGE_ACCOUNT_NAME=opalstdev",
	"STORAGE_RAW_CONTAINER=raw", "STORAGE_OUTPUTS_CONTAINER=outputs", "STORAGE_EXPORTS_CONTAINER=exports",
	"SERVICEBUS_NAMESPACE=opal-sb-dev", "SERVICEBUS_JOBS_QUEUE=jobs", "SERVICEBUS_EXPORTS_QUEUE=exports",
	"AML_ENDPOINT_URL=https://opal.westeurope.inference.ml.azure.com/score", "AML_ENDPOINT_KEY=k", "MOLLIE_API_KEY=test_x", "LOG_LEVEL=WARNING",
}

var everything = config.Role{Database: true, Storage: true, Queue: true, AML: true, API: true, Billing: true}

func TestThePredecessorsEnvironmentIsValid(t *testing.T) {
	c, err := config.Load("", append(predecessor, "PATH=/bin", "HOME=/root", "MLFLOW_X=1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(everything, false); err != nil {
		t.Fatal(err)
	}
	if c.Level().String() != "warn" || c.EmbeddedQueue() || c.EmbeddedStorage() || c.Billing.Mode != "off" {
		t.Fatalf("%+v", c)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, err := config.Load("", predecessor)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		t.Run(f, func(t *testing.T) {
			if s := fmt.Sprintf(f, c); strings.Contains(s, "test_x") || strings.Contains(s, ":pw@") {
				t.Errorf("prints a secret: %s", s)
			}
		})
	}
}

func TestMisspeltAndWrongSettingsAreNamed(t *testing.T) {
	file := func(text string) string {
		p := filepath.Join(t.TempDir(), "opal.yaml")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		name string
		file string
		env  []string
		want string
	}{
		{"a name in the environment", "", []string{"SERVICEBUS_NAMESPCE=x"}, "did you mean SERVICEBUS_NAMESPACE"},
		{"a word for a number", "", []string{"DATABASE_MAX_CONNS=many"}, "DATABASE_MAX_CONNS must be a whole number, 1 to 1000"},
		{"a number without a unit", "", []string{"WORKER_LEASE=45"}, "WORKER_LEASE must be a duration such as 45s or 2m, at least 10s"},
		{"two at a time", "", []string{"WORKER_LEASE=45", "RATE_LIMIT_BURST=x"}, "\n  RATE_LIMIT_BURST must be a whole number, at least 1\n  WORKER_LEASE"},
		{"a network", "", []string{"SCORE_ALLOWED_NETWORKS=10.0.0.300/8"}, "SCORE_ALLOWED_NETWORKS must be networks such as"},
		{"a name in a file", file("log_level: info\ndatabse_url: x"), nil, "opal.yaml:2: databse_url is not a setting; did you mean database_url"},
		{"a nested setting", file("storage: {dir: x}"), nil, "opal.yaml:1: storage is not a setting by itself: settings are flat, so write storage_dir: ... in one line"},
		{"a nested block", file("database:\n  url: hunter2\n"), nil, "write database_url: ... in one line"},
		{"a map as a value", file("database_url: {a: b}"), nil, "settings are flat"},
		{"a list for a file", file("- a"), nil, "opal.yaml:1 is not a YAML file of settings"},
		{"a sentence for a file", file("hunter2"), nil, "opal.yaml:1 is not a YAML file of settings"},
		{"a tab", file("log_level: info\n\tenv_name: dev\n"), nil, "is not a YAML file of settings: line 2: found a tab character"},
		{"an open quote", file("log_level: 'info\n"), nil, "is not a YAML file of settings: "},
		{"a name twice", file("log_level: info\nLOG_LEVEL: debug\n"), nil, "opal.yaml:2: LOG_LEVEL is there twice"},
		{"two documents", file("log_level: info\n---\nenv_name: dev\n"), nil, "more than one document"},
		{"a list of maps", file("score_allowed_hosts: [{a: b}]"), nil, "a list's parts are plain values"},
		{"no such file", "/nowhere/opal.yaml", nil, "--config"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Load(c.file, c.env)
			if !errors.Is(err, config.ErrConfig) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a value, which may be a secret, is shown: %v", err)
			}
		})
	}
}

func TestAnEmptyFileSetsNothing(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "comments": "# env_name: dev\n", "a null": "null\n", "a blank value": "env_name:\nlog_level: ''\n"} {
		t.Run(name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), "opal.yaml")
			if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load(p, nil)
			if err != nil || c.Environment != "prod" || c.LogLevel != "info" {
				t.Fatalf("%+v, %v", c, err)
			}
		})
	}
}

func TestFileThenEnvironment(t *testing.T) {
	p := filepath.Join(t.TempDir(), "opal.yaml")
	text := "env_name: staging\nLOG_LEVEL: error\nscore_allowed_hosts: [a, b]\nscore_allowed_networks: [10.1.0.0/16, 'fd00::/8']\nworker_lease: 1m\n"
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(p, []string{"LOG_LEVEL=debug", "ENV_NAME="})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Environment, c.LogLevel, len(c.Score.AllowedHosts), len(c.Score.AllowedNetworks), c.Worker.Lease}
	if d := cmp.Diff([]any{"staging", "debug", 2, 2, time.Minute}, got); d != "" {
		t.Fatal(d)
	}
}

func TestListsAreReadAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"commas", "a.example,b.example", []string{"a.example", "b.example"}},
		{"spaces", " a.example, b.example ", []string{"a.example", "b.example"}},
		{"empty entries", "a.example,,b.example,", []string{"a.example", "b.example"}},
		{"a space alone", " ", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := config.Load("", []string{"SCORE_ALLOWED_HOSTS=" + c.text})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, cfg.Score.AllowedHosts); d != "" {
				t.Fatal(d)
			}
		})
	}
}

func TestWhoBeginsPaymentsNeedsTheProvidersKey(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		role    config.Role
		refused bool
	}{
		{"production", []string{"ENV_NAME=prod"}, config.Role{API: true, Billing: true}, true},
		{"production, with a key", []string{"ENV_NAME=prod", "MOLLIE_API_KEY=live_x"}, config.Role{API: true, Billing: true}, false},
		{"production's workers", []string{"ENV_NAME=prod"}, config.Role{Queue: true}, false},
		{"elsewhere credits can be tried without buying any", []string{"ENV_NAME=staging", "BILLING_MODE=enforce"}, config.Role{API: true, Billing: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := config.Load("", append(c.environ, "AUTH_MODE=api-key", "AUTH_KEY_PEPPER=0123456789abcdef", "SERVICEBUS_NAMESPACE=x"))
			if err != nil {
				t.Fatal(err)
			}
			err = cfg.Validate(c.role, false)
			if refused := err != nil && strings.Contains(err.Error(), "MOLLIE_API_KEY"); refused != c.refused || err != nil && !refused {
				t.Error(err)
			}
		})
	}
}

func TestProductionRefusesWhatIsForLaptops(t *testing.T) {
	for _, environ := range [][]string{{"ENV_NAME=prod"}, {"ENV_NAME=production"}, {"ENV_NAME=prd"}, {"ENV_NAME=Dve"}, nil} {
		t.Run(strings.Join(environ, ""), func(t *testing.T) {
			c, err := config.Load("", append(environ, "DATABASE_URL=sqlite:///x.db", "STORAGE_DIR=x", "STORAGE_URL_KEY=k",
				"AUTH_MODE=none", "BILLING_MODE=off", "AML_ENDPOINT_URL=http://x/score"))
			if err != nil {
				t.Fatal(err)
			}
			err = c.Validate(everything, true)
			for _, want := range []string{"SQLite", "STORAGE_ACCOUNT_NAME", "SERVICEBUS_NAMESPACE", "AUTH_MODE=api-key", "BILLING_MODE=enforce", "\n  Production's rules hold: "} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("want %s in: %v", want, err)
				}
			}
		})
	}
}

func TestOnlyPrivateNetworksAreOpened(t *testing.T) {
	for network, refused := range map[string]bool{
		"10.20.0.0/16": false, "192.168.0.0/16": false, "fd00:1::/48": false,
		"0.0.0.0/0": true, "169.254.0.0/16": true, "172.0.0.0/8": true, "::/0": true, "127.0.0.0/8": true,
	} {
		t.Run(network, func(t *testing.T) {
			c, err := config.Load("", []string{"SCORE_KEY=k", "SCORE_ALLOWED_NETWORKS=" + network})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Validate(config.Role{Score: true}, false); (err != nil) != refused || refused && !strings.Contains(err.Error(), "SCORE_ALLOWED_NETWORKS") {
				t.Error(err)
			}
		})
	}
}
