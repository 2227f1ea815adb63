package app

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/imaging"
)

// release and commit are set by the linker (-X), see Makefile and
// deploy/Dockerfile. Without it, as with go run, Go's own record counts.
var release, commit string

// build describes the binary.
type build struct {
	Version string `json:"version"` // the release's tag; devel between releases
	Commit  string `json:"commit"`  // full, with -dirty when the tree was changed; unknown when not recorded
	Go      string `json:"go"`
	Libvips string `json:"libvips"`
	Libheif string `json:"libheif,omitempty"` // of this machine; left out where there is none, and HEIC photos are refused
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func thisBuild() build {
	b := build{Version: cmp.Or(release, "devel"), Commit: commit, Go: runtime.Version(), Libvips: imaging.LibraryVersion(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok && b.Commit == "" {
		dirty := ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				b.Commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = "-dirty"
			}
		}
		if b.Commit != "" {
			b.Commit += dirty
		}
	}
	b.Commit = cmp.Or(b.Commit, "unknown")
	return b
}

// version is the release and the short commit, as logs and the API's document
// show it.
func version() string {
	b := thisBuild()
	id, dirty, _ := strings.Cut(b.Commit, "-")
	if id == "unknown" {
		return b.Version
	}
	text := fmt.Sprintf("%s (%.12s", b.Version, id)
	if dirty != "" {
		text += "-" + dirty
	}
	return text + ")"
}

// versionCommand says what was built of what.
func versionCommand(s Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Show the version, the commit, and the Go and libvips that it was built with", Args: cobra.NoArgs,
		Example: "  opal version\n  opal version --json",
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			heif, err := imaging.HEIFVersion()
			b.Libheif = heif
			if asJSON {
				return printJSON(s, b)
			}
			if err != nil {
				heif = "none: HEIC photos are refused (" + err.Error() + ")"
			}
			fmt.Fprintf(s.Out, "opal %s\ncommit   %s\ngo       %s\nlibvips  %s\nlibheif  %s\nplatform %s/%s\n",
				b.Version, b.Commit, strings.TrimPrefix(b.Go, "go"), b.Libvips, heif, b.OS, b.Arch)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
