package shell

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/opal-photo/opal/modules/client"
)

const (
	defaultAddress = "http://127.0.0.1:8080"
	defaultProfile = "default"
	profileFile    = "profiles.json"
)

// profile is an API with the key for it.
type profile struct {
	API    string `json:"api"`
	Key    string `json:"key,omitempty"`
	Tenant string `json:"tenant,omitempty"`
}

// configFolder is where the profiles are: OPAL_CONFIG_DIR, or opal where the user's
// programs keep their configuration.
func configFolder() (string, error) {
	if dir := os.Getenv("OPAL_CONFIG_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder of profiles; set OPAL_CONFIG_DIR: %w", err)
	}
	return filepath.Join(dir, "opal"), nil
}

func readProfiles() (map[string]profile, error) {
	dir, err := configFolder()
	if err != nil {
		return nil, err
	}
	all := map[string]profile{}
	b, err := os.ReadFile(filepath.Join(dir, profileFile))
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read the profiles: %w", err)
	}
	return all, nil
}

// writeProfiles keeps the profiles for their owner alone: they hold keys.
func writeProfiles(all map[string]profile) error {
	dir, err := configFolder()
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, profileFile), all)
}

// writeJSON writes a private file as a whole or not at all.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".opal-*") // its owner's alone
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), cause(err))
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), cause(err)), os.Remove(f.Name()))
	}
	return nil
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// chosen is the profile by flags, environment and file, in this order. The file's key
// goes to the file's address alone.
func (s *session) chosen() (profile, error) {
	all, err := readProfiles()
	if err != nil {
		return profile{}, err
	}
	name := first(s.profile, os.Getenv("OPAL_PROFILE"), defaultProfile)
	kept, ok := all[name]
	if !ok && name != defaultProfile {
		return profile{}, errUsage.With("there is no profile %q; opal login --profile %s makes it", name, name)
	}
	p := profile{API: address(first(s.address, os.Getenv("OPAL_API"), kept.API, defaultAddress)), Tenant: first(s.tenant, os.Getenv("OPAL_TENANT"), kept.Tenant)}
	if p.Key = os.Getenv("OPAL_API_KEY"); p.Key == "" && p.API == kept.API {
		p.Key = kept.Key
	}
	return p, nil
}

// address completes an address that has no scheme: https, but for this machine.
func address(a string) string {
	if !strings.Contains(a, "://") {
		if local(a) {
			a = "http://" + a
		} else {
			a = "https://" + a
		}
	}
	return strings.TrimRight(a, "/")
}

// local reports whether an address without its scheme is one of this machine's.
func local(a string) bool {
	u, err := url.Parse("//" + a)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// bare reports whether calls to an address show their key to whoever is in between.
func bare(a string) bool {
	rest, ok := strings.CutPrefix(a, "http://")
	return ok && !local(rest)
}

func loginCommand(streams Streams, agent string) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	return s.flags(&cobra.Command{
		Use:   "login",
		Short: "Keep an API's address and key for the other commands",
		Long: "Reads an API key from standard input, tries it, and keeps it with the API's address in a file that only you can read.\n" +
			"An empty key is for an API that asks for none, such as opal dev. OPAL_API and OPAL_API_KEY go before the file.",
		Example: "  opal login --api https://opal.example\n  opal login --profile local --api 127.0.0.1:8080",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := profile{API: address(first(s.address, os.Getenv("OPAL_API"), defaultAddress)), Key: os.Getenv("OPAL_API_KEY"), Tenant: first(s.tenant, os.Getenv("OPAL_TENANT"))}
			if p.Key == "" {
				if terminal(s.In) {
					fmt.Fprint(s.Err, "API key (empty for none): ")
				}
				key, err := readKey(s.In)
				if err != nil {
					return fmt.Errorf("read the key: %w", err)
				}
				p.Key = key
			}
			if p.Key != "" && bare(p.API) {
				s.say("Warning: %s is not https, so whoever is between here and there can read the key", clean(p.API))
			}
			c, err := client.New(p.API, client.Options{Key: p.Key, Tenant: p.Tenant, Agent: s.agent})
			if err != nil {
				return err
			}
			if _, err := c.BrandProfiles(cmd.Context()); err != nil {
				return err
			}
			all, err := readProfiles()
			if err != nil {
				return err
			}
			name := first(s.profile, os.Getenv("OPAL_PROFILE"), defaultProfile)
			all[name] = p
			if err := writeProfiles(all); err != nil {
				return err
			}
			s.say("Logged in to %s as profile %s", p.API, name)
			return s.answer(map[string]any{"profile": name, "api": p.API}, nil)
		},
	})
}

// readKey reads a line; from a terminal without showing it.
func readKey(in io.Reader) (string, error) {
	if f, ok := in.(*os.File); ok && terminal(in) {
		b, err := term.ReadPassword(int(f.Fd()))
		return strings.TrimSpace(string(b)), err
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxKey)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSpace(line), err
}

// maxKey bounds a key, in bytes.
const maxKey = 4096
