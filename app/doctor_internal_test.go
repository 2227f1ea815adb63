package app

import (
	"errors"
	"strings"
	"testing"
)

func TestDoctorTellsOfPhotosThatCantBeTaken(t *testing.T) {
	for _, c := range []struct {
		name    string
		version string
		err     error
		want    []string
	}{
		{"there", "1.15.1", nil, []string{"ok      photos: libvips ", "libheif 1.15.1 for HEIC", "All 1 checks passed."}},
		{"missing", "", errors.New("libheif is missing"), []string{"note    photos: libvips ", "HEIC photos are refused: libheif is missing", "apt-get install libheif1", "All 1 checks passed."}},
		{"without its decoder", "", errors.New("libheif 1.19.0 has no HEVC decoder"), []string{"libheif 1.19.0 has no HEVC decoder", "libheif-plugin-libde265"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			f := pictures(func() (string, error) { return c.version, c.err })
			if err := report(&out, []finding{f}); err != nil {
				t.Errorf("it fails: %v", err)
			}
			for _, text := range c.want {
				if !strings.Contains(out.String(), text) {
					t.Errorf("%q is not in\n%s", text, out.String())
				}
			}
		})
	}
}
