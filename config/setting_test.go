package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/config"
)

func TestEverySettingExplainsItself(t *testing.T) {
	for _, s := range config.Settings() {
		t.Run(s.Name, func(t *testing.T) {
			if !strings.HasSuffix(s.Doc, ".") || len(s.Doc) < 15 {
				t.Errorf("doc is %q: a sentence for a person who runs OPAL", s.Doc)
			}
			if s.Default == "" && s.Example == "" {
				t.Error("there is neither a default nor an example")
			}
			if strings.Contains(s.Name, "_") && s.Group == "" && s.Name != "ENV_NAME" && s.Name != "LOG_LEVEL" && s.Name != "PUBLIC_BASE_URL" {
				t.Error("its group has no doc")
			}
			if why := s.Fault(); why != "" {
				t.Fatal(why)
			}
			for what, value := range map[string]string{"default": s.Default, "example": s.Example} {
				if value == "" {
					continue
				}
				c, err := config.Load("", []string{"ENV_NAME=dev", s.Name + "=" + value})
				if err != nil {
					t.Fatalf("its %s can't be read: %v", what, err)
				}
				if why := c.Complaint(s.Name); why != "" {
					t.Errorf("its %s %s breaks its own rule: %s", what, value, why)
				}
			}
		})
	}
}

func TestChecksThatCantBeMeant(t *testing.T) {
	for name, c := range map[string]struct {
		s    *config.Setting
		says string
	}{
		"a range":                  {config.WithCheck("range=1..9", 5), ""},
		"a range of numbers":       {config.WithCheck("range=.5..", .7), ""},
		"a range of durations":     {config.WithCheck("range=..9s", time.Second), ""},
		"a range with a hyphen":    {config.WithCheck("range=1-9", 5), "X: its check range=1-9 can't be read: write range=1..9"},
		"a range of words":         {config.WithCheck("range=one..nine", 5), "can't be read"},
		"a range without bounds":   {config.WithCheck("range=..", 5), "can't be read"},
		"an empty range":           {config.WithCheck("range=", 5), "can't be read"},
		"a range that is reversed": {config.WithCheck("range=9..1", 5), "can't be read"},
		"a bound without a unit":   {config.WithCheck("range=1..9", time.Second), "can't be read"},
		"a range of text":          {config.WithCheck("range=1..9", "a"), "for values of the type number, it is a text"},
		"one of":                   {config.WithCheck("oneof=a|b", "a"), ""},
		"one of nothing":           {config.WithCheck("oneof=", "a"), "has an empty value"},
		"one of a gap":             {config.WithCheck("oneof=a||b", "a"), "has an empty value"},
		"one of numbers":           {config.WithCheck("oneof=1|2", 1), "for values of the type text"},
		"a URL":                    {config.WithCheck("url", "https://a.example"), ""},
		"a URL with a value":       {config.WithCheck("url=https", "https://a.example"), "takes no value"},
		"URLs":                     {config.WithCheck("url", []string{"a"}), "for values of the type text"},
		"networks of text":         {config.WithCheck("private", "10.0.0.0/8"), "for values of the type networks"},
		"a kind that is unknown":   {config.WithCheck("between=1..9", 5), "no kind"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.s.Complain(); c.says == "" && got != "" || !strings.Contains(got, c.says) {
				t.Errorf("%q, want %q", got, c.says)
			}
		})
	}
}

func TestRulesAreKept(t *testing.T) {
	for setting, want := range map[string]string{
		"WORKER_LEASE=9s":                    "WORKER_LEASE must be at least 10s",
		"WORKER_LEASE=10s":                   "",
		"DATABASE_MAX_CONNS=0":               "DATABASE_MAX_CONNS must be 1 to 1000",
		"DATABASE_MAX_CONNS=1001":            "DATABASE_MAX_CONNS must be 1 to 1000",
		"DATABASE_MAX_CONNS=1000":            "",
		"RATE_LIMIT_PER_SECOND=NaN":          "RATE_LIMIT_PER_SECOND must be at least 0",
		"RATE_LIMIT_PER_SECOND=.5":           "",
		"BILLING_MONTHLY_GRANT=-1":           "BILLING_MONTHLY_GRANT must be at least 0",
		"RETENTION_DAYS=36501":               "RETENTION_DAYS must be 0 to 36500",
		"DATABASE_AUTH=trust":                "DATABASE_AUTH must be password or entra",
		"AUTH_MODE=basic":                    "AUTH_MODE must be none, api-key or oidc",
		"LOG_LEVEL=loud":                     "LOG_LEVEL must be",
		"LOG_LEVEL=CRITICAL":                 "",
		"PUBLIC_BASE_URL=api.example.com":    "PUBLIC_BASE_URL must be a URL such as https://api.example.com",
		"PUBLIC_BASE_URL=ftp://example.com":  "PUBLIC_BASE_URL must be a URL",
		"PUBLIC_BASE_URL=https://a.example/": "",
		"MOLLIE_API_URL=mollie":              "MOLLIE_API_URL must be a URL such as https://api.mollie.com",
	} {
		t.Run(setting, func(t *testing.T) {
			c, err := config.Load("", []string{"ENV_NAME=dev", setting})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Validate(config.Role{}, true) // whatever the role
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

func TestOnlyKnownNamesAreNotProduction(t *testing.T) {
	for name, want := range map[string]struct {
		production, unusual bool
		rules               string
	}{
		"":            {true, false, "Production's rules hold: ENV_NAME is not set"},
		"prod":        {true, false, "Production's rules hold: ENV_NAME is prod"},
		"Production":  {true, false, "Production's rules hold: ENV_NAME is production"},
		"prd":         {true, true, "Production's rules hold: ENV_NAME is prd, which is not one of dev, test, staging, local, ci"},
		"stagging":    {true, true, "Production's rules hold: ENV_NAME is stagging, which is not one of"},
		"development": {true, true, "Production's rules hold: ENV_NAME is development, which is not one of"},
		"dev":         {false, false, "The rules for trying hold: ENV_NAME is dev"},
		" STAGING ":   {false, false, "The rules for trying hold: ENV_NAME is staging"},
		"ci":          {false, false, "The rules for trying hold: ENV_NAME is ci"},
	} {
		t.Run("name "+name, func(t *testing.T) {
			c, err := config.Load("", []string{"ENV_NAME=" + name})
			if err != nil {
				t.Fatal(err)
			}
			if c.Production() != want.production || c.Unusual() != want.unusual || !strings.HasPrefix(c.Rules(), want.rules) {
				t.Errorf("production %v, unusual %v: %s", c.Production(), c.Unusual(), c.Rules())
			}
		})
	}
}

// TestTheSampleIsAFile takes the comment off every setting of the sample.
func TestTheSampleIsAFile(t *testing.T) {
	var b bytes.Buffer
	if err := config.WriteSample(&b); err != nil {
		t.Fatal(err)
	}
	load := func(text string) (*config.Config, error) {
		p := filepath.Join(t.TempDir(), "opal.yaml")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Load(p, nil)
	}
	none, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	untouched, err := load(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if untouched.Billing.Mode != none.Billing.Mode || untouched.Database.URL != "" {
		t.Error("the sample changes something as it is")
	}
	settings := regexp.MustCompile(`(?m)^#([a-z_]+: )`)
	if got, want := len(settings.FindAllString(b.String(), -1)), len(config.Settings()); got != want {
		t.Errorf("the sample has %d settings of %d:\n%s", got, want, b.String())
	}
	c, err := load(settings.ReplaceAllString(b.String(), "$1"))
	if err != nil {
		t.Fatalf("%v:\n%s", err, b.String())
	}
	if d := cmp.Diff([]string{"10.20.0.0/16", "opalstprod.blob.core.windows.net", "45s"},
		[]string{c.Score.AllowedNetworks[0].String(), c.Score.AllowedHosts[0], c.Worker.Lease.String()}); d != "" {
		t.Error(d)
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 160 {
			t.Errorf("too long: %s", line)
		}
	}
}
