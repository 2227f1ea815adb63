package app

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"
	"github.com/joho/godotenv"
	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// devCommand chooses settings for a laptop, writes them down and starts every
// role on them.
func devCommand(s Streams) *cobra.Command {
	var data, addr, engine string
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run all of it on this machine: nothing to install, no account",
		Long: "Runs every role in one process, with its state in a folder: SQLite, files, and queues in the database. Nobody is asked who they are,\n" +
			"so it listens on this machine alone. Settings of the environment go before its own choice.",
		Example: "  opal dev\n  opal dev --listen 127.0.0.1:9090 --data /tmp/opal",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !loopback(addr) {
				return config.ErrConfig.With("opal dev asks nobody who they are, so --listen must be an address of this machine, such as 127.0.0.1:8080")
			}
			if err := checkListen(addr); err != nil {
				return err
			}
			unlock, err := lockState(data)
			if err != nil {
				return err
			}
			defer unlock()
			settings, err := devSettings(data, addr, engine)
			if err != nil {
				return err
			}
			w, err := loadFrom(settings.over(os.Environ()), "", s, devRole.service, devRole.needs, true)
			if err != nil {
				return err
			}
			defer w.close()
			w.listen, w.scoreListen = addr, settings.scoreListen
			d, err := w.database(cmd.Context())
			if err != nil {
				return err
			}
			if err := d.Migrate(cmd.Context()); err != nil {
				return err
			}
			return stopped(cmd.Context(), w.run(cmd.Context(), devRole, func() {
				fmt.Fprintf(s.Err, "\n  OPAL is ready: open %s in a browser\n  State is in %s, settings in %s. Ctrl+C stops.\n\n",
					w.cfg.PublicBaseURL, data, filepath.Join(data, devEnvFile))
			}))
		},
	}
	cmd.Flags().StringVar(&addr, "listen", devRole.listen, "address of the API and the console")
	cmd.Flags().StringVar(&data, "data", ".opal", "folder for all state")
	cmd.Flags().StringVar(&engine, "engine", "studio", "scoring engine: studio or stub")
	complete(cmd, "engine", oneOf("studio", "stub"))
	return cmd
}

// errInUse says that another process has the folder of state.
var errInUse = fault.New(fault.Conflict, "state_in_use", "Another opal dev uses this folder: stop it, or choose another with --data")

// lockState makes the folder of state and takes it for this process: two would
// write over each other's settings. A killed process leaves no lock behind.
func lockState(data string) (unlock func(), err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	l := flock.New(filepath.Join(data, "lock"), flock.SetPermissions(0o600))
	switch got, err := l.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock the data folder: %w", err)
	case !got:
		return nil, errInUse.With("%s", data)
	}
	return func() { _ = l.Unlock() }, nil
}

// devDatabase is the file of opal dev's state.
const devDatabase = "opal.db"

// devEnvFile is where opal dev writes what it chose.
const devEnvFile = "dev.env"

// devChoice is what opal dev chose, as environment variables.
type devChoice struct {
	values      map[string]string
	scoreListen string
}

// devSettings chooses the settings and writes them to the data folder. Secrets
// stay the same from start to start, so that URLs given out keep working.
func devSettings(data, addr, engine string) (*devChoice, error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(data, devEnvFile)
	old, err := godotenv.Read(path)
	if err != nil {
		old = nil // there is none yet, or a damaged one: both get new keys
	}
	score, err := freePort()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, config.ErrConfig.With("--listen: %s", err)
	}
	c := &devChoice{values: map[string]string{}, scoreListen: score}
	set := func(name, value string) { c.values[name] = value }
	keep := func(name string) {
		if v := old[name]; v != "" {
			set(name, v)
			return
		}
		set(name, randomKey())
	}
	set("ENV_NAME", "dev")
	set("PUBLIC_BASE_URL", "http://"+net.JoinHostPort(hostOf(addr), port))
	set("DATABASE_URL", db.SQLiteURL(filepath.Join(abs, devDatabase)))
	set("STORAGE_DIR", filepath.Join(abs, "blobs"))
	keep("STORAGE_URL_KEY")
	keep("SCORE_KEY")
	set("SCORE_ENGINE", engine)
	set("SCORE_ALLOWED_HOSTS", net.JoinHostPort(hostOf(addr), port))
	set("AML_ENDPOINT_URL", "http://"+score+"/score")
	set("AML_ENDPOINT_KEY", c.values["SCORE_KEY"])
	set("AUTH_MODE", "none")
	set("BILLING_MODE", "off")
	return c, c.write(path)
}

// over puts the process's environment over the choice.
func (c *devChoice) over(environ []string) []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(c.values)) {
		out = append(out, n+"="+c.values[n])
	}
	return append(out, environ...)
}

// write keeps the choice readable for its owner only: it holds keys. A shell can read
// the file too.
func (c *devChoice) write(path string) error {
	text, err := godotenv.Marshal(c.values)
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	tmp := path + ".tmp"
	text = "# Written by opal dev at each start: the settings that it runs on.\n" + text + "\n"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return os.Rename(tmp, path)
}

func randomKey() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" || slices.Contains([]string{"::", "0.0.0.0"}, host) {
		return "127.0.0.1"
	}
	return host
}

// freePort returns an unused loopback address.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	addr := l.Addr().String()
	return addr, l.Close()
}
